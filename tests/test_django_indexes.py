"""Indexes that models of Django lack: what their fields and `Meta` declare, what queries ask."""

from __future__ import annotations

import re
from textwrap import dedent

import pytest
from rewriting import PACKS, workspace_of

from asyncfix.checks import missing_index

MODELS = """
from django.db import models


class Owned(models.Model):
    tenant = models.ForeignKey("Tenant", on_delete=models.CASCADE)
    number = models.CharField(max_length=20, unique=True)

    class Meta:
        abstract = True


class Lead(Owned):
    status = models.CharField(max_length=20)
    value = models.FloatField(FIELD)
    created_at = models.DateTimeField(auto_now_add=True)
    tags = models.ManyToManyField("Tag")

    class Meta:
        META
"""
LATEST = 'Lead.objects.filter(status=s, tenant=t).order_by("-created_at")'


def found(body, meta="ordering = ()", field="", **files):
    """Return the columns and the help of each index that is missed for a function's body."""
    models = dedent(MODELS).replace("META", meta).replace("FIELD", field)
    head = "from shop.models import Lead\nfrom django.db.models import Q\n\n\n"
    code = f"{head}def f(s, t):\n    {body}\n"
    every = {"shop/__init__.py": "", "shop/models.py": models, "shop/views.py": code}
    every |= {path.replace("__", "/") + ".py": text for path, text in files.items()}
    findings = missing_index.find(PACKS.rules["missing-index"], workspace_of(every).project)
    return [(re.search(r"\((.*)\)$", each.message)[1], each.help) for each in findings]


@pytest.mark.parametrize(
    ("body", "columns"),
    [
        (f"return {LATEST}[:20]", "tenant_id, status, created_at"),
        (f"return {LATEST}.select_related('tenant').first()", "tenant_id, status, created_at"),
        ("return Lead.objects.filter(tenant_id=t).order_by('value', 'pk')", "tenant_id, value"),
        (
            "q = Lead.objects.filter(tenant=t)\n    return q.filter(status=s).order_by('value')",
            "tenant_id, status, value",
        ),
        (
            "return Lead.objects.filter(status=s, value__gt=1).order_by('created_at')",
            "status, created_at",
        ),
    ],
)
def test_the_index_of_a_query_is_told_with_the_owner_first(body, columns):
    assert [each for each, _ in found(body)] == [columns]


def test_the_help_has_the_statement_and_what_meta_says():
    ((_, told),) = found(f"return {LATEST}")

    assert (
        "`CREATE INDEX ix_shop_lead_tenant_id_status_created_at ON shop_lead "
        "(tenant_id, status, created_at DESC)`"
    ) in told
    assert '`models.Index(fields=["tenant", "status", "-created_at"])` in the model' in told


def test_a_table_may_have_a_name_of_its_own():
    ((_, told),) = found(f"return {LATEST}", meta='db_table = "leads"')

    assert " ON leads (" in told


@pytest.mark.parametrize(
    ("body", "meta", "field"),
    [
        (
            f"return {LATEST}",
            'indexes = [models.Index(fields=["tenant", "status", "-created_at"])]',
            "",
        ),
        (f"return {LATEST}", 'index_together = ("tenant", "created_at")', ""),
        (f"return {LATEST}", 'unique_together = [("tenant_id", "status", "created_at")]', ""),
        (
            f"return {LATEST}",
            'constraints = [models.UniqueConstraint(fields=["status", "tenant"], name="u")]',
            "",
        ),
        (f"return {LATEST}", "indexes = [models.Index(models.F('status'), name='i')]", ""),
        (f"return {LATEST}", "indexes = made()", ""),
        ("return Lead.objects.filter(number=s).order_by('value')", "ordering = ()", ""),
        ("return Lead.objects.filter(pk=s).order_by('value')", "ordering = ()", ""),
        (
            "return Lead.objects.filter(status=s, value__gt=1).order_by('value')",
            "ordering = ()",
            "db_index=True",
        ),
        ("return Lead.objects.order_by('value')", "ordering = ()", ""),
        ("return Lead.objects.filter(status=s)", "ordering = ()", ""),
        ("return Lead.objects.filter(Q(status=s)).order_by('value')", "ordering = ()", ""),
        ("return Lead.objects.filter(tags__name=s).order_by('value')", "ordering = ()", ""),
        ("return Lead.objects.filter(status=s).order_by('tenant__name')", "ordering = ()", ""),
        ("return Lead.objects.filter(status=s).order_by('?')", "ordering = ()", ""),
        ("return Lead.objects.exclude(status=s).order_by('value')", "ordering = ()", ""),
        ("return Lead.objects.filter(status=s).annotate(n=1).order_by('n')", "ordering = ()", ""),
        ("return Lead.objects.filter(**s).order_by('value')", "ordering = ()", ""),
        ("return Lead.others.filter(status=s).order_by('value')", "ordering = ()", ""),
        ("return s.objects.filter(status=s).order_by('value')", "ordering = ()", ""),
    ],
)
def test_what_an_index_serves_or_what_is_not_understood_is_left_alone(body, meta, field):
    assert found(body, meta, field) == []


def test_a_migration_in_sql_declares_one_as_well():
    text = 'SQL = "CREATE INDEX i ON shop_lead (tenant_id, status, created_at DESC)"\n'

    assert found(f"return {LATEST}", shop__migrations__more=text) == []


def test_a_model_of_two_tables_is_left_alone():
    more = "from shop.models import Lead\n\n\nclass Big(Lead): ...\n\n\ndef f(s):\n"
    more += "    return Big.objects.filter(status=s).order_by('value')\n"

    assert found("return s", shop__models_more=more) == []


def test_tests_are_left_alone():
    code = f"from shop.models import Lead\n\n\ndef test(s, t):\n    return {LATEST}\n"

    assert found("return s", tests__test_leads=code) == []
