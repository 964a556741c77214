"""Machines at the simulator: what Azure refuses of swaps of disks is refused, and what it takes is done."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from infra.local.arm.seed import FIRST
from tests.local.arm.bodies import code
from tests.local.arm.conftest import Simulator

GROUP = f"/subscriptions/{FIRST}/resourceGroups/apps-westeurope"
VM = f"{GROUP}/providers/Microsoft.Compute/virtualMachines/web01"


def disk(name: str) -> str:
    return f"{GROUP}/providers/Microsoft.Compute/disks/{name}"


@pytest.fixture
def machine(simulator: Simulator) -> Simulator:
    """web01 as it is seeded, deallocated, and a free disk of the same size."""
    wish = {"id": VM, "osDiskId": disk("web01-os"), "dataDisks": {"1": disk("web01-data")}, "zones": ["1"]}
    simulator.control("POST", "machines", {**wish, "power": "deallocated"})
    for name, more in (("free", {"zones": ["1"]}), ("zoneless", {})):
        bulk = {"prefix": name, "group": "apps-westeurope", "subscription": FIRST, "size_gib": 256, **more}
        simulator.control("POST", "disks", bulk)
    return simulator


def free(simulator: Simulator, prefix: str = "free") -> str:
    listed = simulator.call("GET", f"{GROUP}/providers/Microsoft.Compute/disks").json()["value"]
    return next(str(each["id"]) for each in listed if each["name"].startswith(prefix))


def attach(simulator: Simulator, disk_id: str, **more: Any) -> requests.Response:
    wish = {"diskId": disk_id, "lun": 5, "caching": "None", **more}
    return simulator.call("POST", f"{VM}/attachDetachDataDisks", {"dataDisksToAttach": [wish]})


def put_os(simulator: Simulator, **changes: Any) -> requests.Response:
    body = simulator.call("GET", VM).json()
    body["properties"]["storageProfile"]["osDisk"] |= changes
    return simulator.call("PUT", VM, body)


def test_a_disk_of_another_zone_another_holder_or_a_taken_lun_is_refused(machine: Simulator) -> None:
    assert code(attach(machine, free(machine, "zoneless"))) == "BadRequest"
    assert code(attach(machine, disk("sql01-data"))) == "AttachDiskWhileBeingDetached"
    assert code(attach(machine, free(machine), lun=1)) == "OperationNotAllowed"
    assert code(attach(machine, disk("nobody"))) == "NotFound"
    assert code(attach(machine, free(machine), caching="Always")) == "InvalidParameter"


def test_what_an_os_disk_cannot_change_is_refused(machine: Simulator) -> None:
    """Codes and words reported: Azure/azure-sdk-for-net#37285, hashicorp/terraform-provider-azurerm#921."""
    assert code(put_os(machine, createOption="Attach")) == "PropertyChangeNotAllowed"
    kept = {"id": disk("web01-os"), "storageAccountType": "Standard_LRS"}
    assert code(put_os(machine, managedDisk=kept)) == "OperationNotAllowed"
    assert code(put_os(machine, managedDisk={"id": free(machine)})) == "PropertyChangeNotAllowed"
    name = free(machine).rpartition("/")[2]
    other_size = put_os(machine, managedDisk={"id": free(machine)}, name=name)
    assert code(other_size) == "OperationNotAllowed"


def test_a_machine_that_is_busy_takes_no_second_change(machine: Simulator) -> None:
    machine.set(time_scale=1000.0)
    assert attach(machine, free(machine)).status_code == 202
    assert code(machine.call("POST", f"{VM}/start")) == "AnotherOperationInProgress"
