"""Reads of alerts."""

from django.db.models import QuerySet

from qqops.alerts.models import Alert


def unseen() -> QuerySet[Alert]:
    return Alert.objects.filter(seen=None)
