"""The addresses of the sign-in. Only what the house needs of allauth has one; allauth's names, as it links by them."""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as passkeys
from django.urls import path

from qqops.staff.signin.factors import (
    add_app,
    code,
    move_app,
    one_by_one,
    passkey_alone,
    prove_by_passkey,
    remove_passkey,
)
from qqops.staff.signin.views import WelcomeView, at_home, sign_out

urlpatterns = [
    path("login/", at_home(account.login), name="account_login"),
    path("logout/", sign_out, name="account_logout"),
    path("welcome/<str:uid>/<str:token>/", at_home(WelcomeView.as_view()), name="welcome"),
    path("proof/", at_home(account.reauthenticate), name="account_reauthenticate"),
    path("code/", at_home(code), name="mfa_authenticate"),
    path("code/proof/", at_home(mfa.reauthenticate), name="mfa_reauthenticate"),
    path("factors/", at_home(mfa.index), name="mfa_index"),
    path("factors/app/", at_home(add_app, proof=True), name="mfa_activate_totp"),
    path("factors/app/move/", at_home(one_by_one(move_app), proof=True), name="mfa_move_totp"),
    path("factors/app/remove/", at_home(one_by_one(totp.deactivate_totp), proof=True), name="mfa_deactivate_totp"),
    path("factors/codes/", at_home(codes.view_recovery_codes, proof=True), name="mfa_view_recovery_codes"),
    path("factors/codes/new/", at_home(codes.generate_recovery_codes, proof=True), name="mfa_generate_recovery_codes"),
    path("factors/passkeys/", at_home(passkeys.list_webauthn), name="mfa_list_webauthn"),
    path("factors/passkeys/add/", at_home(passkeys.add_webauthn, proof=True), name="mfa_add_webauthn"),
    path(
        "factors/passkeys/<int:pk>/remove/",
        at_home(one_by_one(remove_passkey), proof=True),
        name="mfa_remove_webauthn",
    ),
    path("passkey/", at_home(passkey_alone), name="mfa_login_webauthn"),
    path("passkey/proof/", at_home(prove_by_passkey), name="mfa_reauthenticate_webauthn"),
]
