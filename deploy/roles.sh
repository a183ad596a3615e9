#!/bin/sh
# Run once by the database's image, when its volume is empty: the two roles, and the database that the first of them
# owns. Their passwords are those in the addresses by which the house finds it.
set -eu

password_in() {
  sed -n 's|^postgresql://[^:]*:\([^@]*\)@.*|\1|p' "/run/secrets/$1"
}

psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" \
  --set=owner="$(password_in database_owner_url)" --set=app="$(password_in database_url)" <<'SQL'
CREATE ROLE qqops_owner LOGIN PASSWORD :'owner';
CREATE ROLE qqops_app LOGIN PASSWORD :'app';
CREATE DATABASE qqops OWNER qqops_owner;
SQL
