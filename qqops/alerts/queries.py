"""Reads of alerts."""

from django.db.models import Exists, OuterRef, QuerySet

from qqops.alerts.models import Alert, AlertSeen


def unseen() -> QuerySet[Alert]:
    return Alert.objects.filter(~Exists(AlertSeen.objects.filter(alert=OuterRef("pk"))))
