"""Ids as they come in requests, and what must not be taken for one."""

from __future__ import annotations

import pytest

from backup_core.domain.resource_ids import DISK, parse_group_id, parse_resource_id
from tests.builders import SUBSCRIPTION

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-1"


@pytest.mark.parametrize("group", [GROUP, GROUP.upper().replace("RESOURCEGROUPS", "resourcegroups"), f"{GROUP}/"])
def test_an_id_is_read_whatever_its_case(group):
    assert parse_group_id(group).key == GROUP.lower()
    disk = parse_resource_id(f"{group.rstrip('/')}/providers/{DISK}/d", DISK)
    assert disk.key == f"{GROUP}/providers/{DISK}/d".lower()


@pytest.mark.parametrize("subscription", ["1", "prod", "..", f"{SUBSCRIPTION}x", SUBSCRIPTION.replace("-", "")])
def test_a_subscription_that_is_no_guid_is_refused(subscription):
    group = f"/subscriptions/{subscription}/resourceGroups/rg-1"
    for parse in (lambda: parse_group_id(group), lambda: parse_resource_id(f"{group}/providers/{DISK}/d", DISK)):
        with pytest.raises(ValueError, match="is not a resource"):
            parse()


@pytest.mark.parametrize("name", [".", "..", "...", "a/b", "a?b", "a#b", "a\nb", "x" * 91])
def test_a_name_that_would_lead_elsewhere_in_a_url_is_refused(name):
    other_group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{name}"
    with pytest.raises(ValueError, match="is not a resource"):
        parse_group_id(other_group)
    for text in (f"{other_group}/providers/{DISK}/d", f"{GROUP}/providers/{DISK}/{name}"):
        with pytest.raises(ValueError, match="is not a resource"):
            parse_resource_id(text, DISK)
