"""Swapping disks of a virtual machine: restored ones in the place of those that it has, and back.

What is to be exchanged is fixed, with all that is needed to go back, before anything is written. From then on what the
machine shows says what comes next, in either direction and after any interruption: a place holds the old disk, nothing,
or the new one. What it holds else is somebody else's doing, and nothing is written over it.

Rules by which Azure refuses: documented (swap of OS disks, attaching of disks) unless a line says otherwise.
Leaves to others: reading and writing (workflows/swap.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from backup_core.domain.disk import Disk
from backup_core.domain.disk_skus import BACKGROUND_COPY_SKUS
from backup_core.domain.errors import BackupError, Fault
from backup_core.domain.job import Job, Subtask
from backup_core.domain.resource_ids import plain_location

MACHINE = "Microsoft.Compute/virtualMachines"
DISKS_AT_MOST = 65  # an OS disk and 64 data disks, as the largest machines have
LARGEST_CACHED_GB = 4_095
DEALLOCATED = "deallocated"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataDisk:
    """One of a machine's data disks, with all that it takes to attach it so again."""

    disk_id: str
    lun: int
    caching: str = "None"
    write_accelerated: bool = False
    delete_option: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A virtual machine in ARM's JSON, with its instance view."""

    raw: Mapping[str, Any]

    @property
    def id(self) -> str:
        return str(self.raw["id"])

    @property
    def location(self) -> str:
        return str(self.raw.get("location", ""))

    @property
    def zones(self) -> tuple[str, ...]:
        return tuple(map(str, self.raw.get("zones") or ()))

    @property
    def properties(self) -> Mapping[str, Any]:
        return self.raw.get("properties") or {}

    @property
    def unique_id(self) -> str:
        """Azure's own: a machine made anew under the same name has another."""
        return str(self.properties.get("vmId") or "")

    @property
    def is_settled(self) -> bool:
        """Whether no operation is under way on it."""
        return str(self.properties.get("provisioningState", "Succeeded")) in ("Succeeded", "Failed")

    @property
    def power_state(self) -> str:
        """`running`, `deallocated`, ...; "" while Azure does not tell."""
        statuses = (self.properties.get("instanceView") or {}).get("statuses") or ()
        codes = (str(each.get("code", "")) for each in statuses)
        return next((code.partition("/")[2] for code in codes if code.startswith("PowerState/")), "")

    @property
    def is_deallocated(self) -> bool:
        return self.power_state == DEALLOCATED

    @property
    def is_ephemeral(self) -> bool:
        """Whether its OS disk lies on its host, and is no managed disk that could be kept."""
        return bool(self._os_disk.get("diffDiskSettings"))

    @property
    def os_disk_id(self) -> str:
        return str((self._os_disk.get("managedDisk") or {}).get("id") or "")

    @property
    def data_disks(self) -> tuple[DataDisk, ...]:
        listed = (self.properties.get("storageProfile") or {}).get("dataDisks") or ()
        return tuple(_data_disk(each) for each in listed if (each.get("managedDisk") or {}).get("id"))

    @property
    def takes_ultra_disks(self) -> bool:
        return bool((self.properties.get("additionalCapabilities") or {}).get("ultraSSDEnabled"))

    @property
    def _os_disk(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = (self.properties.get("storageProfile") or {}).get("osDisk") or {}
        return found

    def at(self, lun: int) -> DataDisk | None:
        return next((each for each in self.data_disks if each.lun == lun), None)

    def of(self, disk_id: str) -> DataDisk | None:
        return next((each for each in self.data_disks if each.disk_id.lower() == disk_id.lower()), None)

    def with_os_disk(self, disk_id: str) -> dict[str, Any]:
        """The body that puts another OS disk in the place of the present one. Name and id change together, and nothing
        else may; the kind of storage is left out, for one that differs is refused (reported)."""
        os_disk = {name: value for name, value in self._os_disk.items() if name != "managedDisk"}
        kept = {
            name: value
            for name, value in (self._os_disk.get("managedDisk") or {}).items()
            if name not in ("id", "storageAccountType")
        }
        os_disk |= {"name": disk_id.rpartition("/")[2], "managedDisk": {**kept, "id": disk_id}}
        profile = {**(self.properties.get("storageProfile") or {}), "osDisk": os_disk}
        own = {name: value for name, value in self.properties.items() if name != "instanceView"}
        body = {name: value for name, value in self.raw.items() if name not in ("resources", "etag")}
        return {**body, "properties": {**own, "storageProfile": profile}}


def _data_disk(raw: Mapping[str, Any]) -> DataDisk:
    return DataDisk(
        disk_id=str(raw["managedDisk"]["id"]),
        lun=int(raw["lun"]),
        caching=str(raw.get("caching") or "None"),
        write_accelerated=bool(raw.get("writeAcceleratorEnabled")),
        delete_option=str(raw.get("deleteOption") or ""),
    )


# ---------------------------------------------------------------- what is exchanged


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """The new disk in the place of the old one. `lun` is None for the OS disk."""

    old_id: str
    new_id: str
    lun: int | None = None
    caching: str = "None"
    write_accelerated: bool = False
    delete_option: str = ""

    @property
    def is_os(self) -> bool:
        return self.lun is None

    @property
    def step(self) -> str:
        return "Swap OS disk" if self.is_os else f"Swap LUN {self.lun}"

    def reversed(self) -> Exchange:
        return replace(self, old_id=self.new_id, new_id=self.old_id)

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    def attached(self) -> DataDisk:
        """The new disk as it is to be attached: as the old one was."""
        assert self.lun is not None, "an OS disk is not attached"
        return DataDisk(
            disk_id=self.new_id,
            lun=self.lun,
            caching=self.caching,
            write_accelerated=self.write_accelerated,
            delete_option=self.delete_option,
        )

    def subtask(self) -> Subtask:
        told = {"OldDiskId": self.old_id, "NewDiskId": self.new_id}
        if not self.is_os:
            told |= {"Lun": str(self.lun), "Caching": self.caching}
        return Subtask(name=self.step, details=told)


def exchanges_of(job: Job) -> tuple[Exchange, ...]:
    """Of a job that swaps disks; none of others."""
    return tuple(Exchange(**raw) for raw in job.details.get("exchanges", ()))


def exchange_for(machine: Machine, old_id: str, new_id: str) -> Exchange | None:
    """None where the machine has no disk of that id."""
    if machine.os_disk_id.lower() == old_id.lower():
        return Exchange(old_id=machine.os_disk_id, new_id=new_id)
    there = machine.of(old_id)
    if there is None:
        return None
    return Exchange(
        old_id=there.disk_id,
        new_id=new_id,
        lun=there.lun,
        caching=there.caching,
        write_accelerated=there.write_accelerated,
        delete_option=there.delete_option,
    )


# ---------------------------------------------------------------- what comes next


@dataclass(frozen=True, slots=True)
class Done:
    """Every place holds its new disk."""


@dataclass(frozen=True, slots=True)
class Detach:
    disk_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Attach:
    disks: tuple[DataDisk, ...]


@dataclass(frozen=True, slots=True)
class ReplaceOs:
    disk_id: str


@dataclass(frozen=True, slots=True)
class Changed:
    """Somebody changed the machine meanwhile: nothing more is written."""

    because: tuple[str, ...]


Move = Done | Detach | Attach | ReplaceOs | Changed


def next_move(machine: Machine, exchanges: Sequence[Exchange], *, unique_id: str, while_running: bool) -> Move:
    """By what the machine shows now. Detaching and attaching at one LUN are two calls: that one call may do both is not
    documented."""
    reasons = [*_changed(machine, unique_id), *(each for one in exchanges for each in _in_the_way(machine, one))]
    left = [each for each in exchanges if stands(machine, each) != NEW]
    if left and not machine.is_deallocated and (not while_running or any(each.is_os for each in left)):
        reasons.append(f"the machine is {machine.power_state or 'in no known state'}, no longer deallocated")
    if reasons:
        return Changed(tuple(reasons))
    old = tuple(each.old_id for each in left if not each.is_os and stands(machine, each) == OLD)
    if old:
        return Detach(old)
    empty = tuple(each.attached() for each in left if not each.is_os)
    if empty:
        return Attach(empty)
    return next((ReplaceOs(each.new_id) for each in left), Done())


OLD, EMPTY, NEW, OTHER = "old", "empty", "new", "other"


def stands(machine: Machine, exchange: Exchange) -> str:
    """What the place of an exchange holds."""
    there = machine.os_disk_id if exchange.lun is None else getattr(machine.at(exchange.lun), "disk_id", "")
    known = {exchange.old_id.lower(): OLD, exchange.new_id.lower(): NEW, "": EMPTY}
    return known.get(there.lower(), OTHER)


def _changed(machine: Machine, unique_id: str) -> Iterator[str]:
    if machine.unique_id != unique_id:
        yield f"'{machine.id}' is another machine than the one that was looked at"


def _in_the_way(machine: Machine, exchange: Exchange) -> Iterator[str]:
    if stands(machine, exchange) == OTHER:
        place = "its OS disk" if exchange.is_os else f"at its LUN {exchange.lun}"
        yield f"another disk than the old and the new one is {place}"
    there = machine.of(exchange.new_id)
    if there is not None and there.lun != exchange.lun:
        yield f"disk '{exchange.new_id}' is attached at LUN {there.lun}"


STEP_STATUS: Mapping[str, str] = {OLD: "NotStarted", EMPTY: "InProgress", NEW: "Completed", OTHER: "Failed"}


def told_places(machine: Machine, exchanges: Sequence[Exchange]) -> str:
    """What each place holds, for who has to go on by hand, or back."""
    words = {OLD: "the old disk", EMPTY: "no disk", NEW: "the new disk", OTHER: "another disk"}
    places = ("OS disk" if each.is_os else f"LUN {each.lun}" for each in exchanges)
    return ", ".join(f"{place}: {words[stands(machine, each)]}" for place, each in zip(places, exchanges, strict=True))


# ---------------------------------------------------------------- what can be known beforehand


def check_machine(machine: Machine, exchanges: Sequence[Exchange], *, while_running: bool) -> Iterator[Fault]:
    target = "virtualMachineId"
    if not machine.is_settled:
        message = f"an operation is under way on it ({machine.properties.get('provisioningState')}); wait for its end"
        yield Fault(target=target, message=message)
    state = machine.power_state or "in a state that Azure does not tell"
    if machine.is_deallocated:
        return
    if any(each.is_os for each in exchanges):
        message = f"the machine is {state}: its OS disk is swapped while it is deallocated (az vm deallocate)"
        yield Fault(target=target, message=message)
    elif exchanges and not while_running:
        message = (
            f"the machine is {state}: deallocate it, or unmount the disks in it and set whileRunning, for Azure takes "
            "data disks off a running machine without asking its guest"
        )
        yield Fault(target=target, message=message)


def check_exchange(machine: Machine, exchange: Exchange, old: Disk | None, new: Disk) -> list[str]:
    """Why the new disk cannot take the place of the old one, in words; empty when it can, as far as ARM tells."""
    found = [*_check_free(new), *_check_place(machine, new)]
    found += _check_os(machine, old, new) if exchange.is_os else _check_data(machine, exchange, new)
    return found


def _check_free(new: Disk) -> Iterator[str]:
    holder = str(new.raw.get("managedBy") or "")
    state = str(_own(new).get("diskState") or "Unattached")
    if holder:
        yield f"it is attached to '{holder}'; detach it there first"
    elif state != "Unattached":
        yield f"it is {state}, not Unattached"
    if not new.is_usable:
        yield f"it is not whole yet ({new.provisioning_state}, {new.completion_percent:g} percent)"


def _check_place(machine: Machine, new: Disk) -> Iterator[str]:
    if plain_location(new.location) != plain_location(machine.location):
        yield f"it lies in {new.location}, the machine in {machine.location}"
    zones = tuple(map(str, new.raw.get("zones") or ()))
    if new.sku.endswith("_ZRS"):
        return
    if zones != machine.zones:
        yield f"it lies in {_zone(zones)}, the machine in {_zone(machine.zones)}"


def _zone(zones: Sequence[str]) -> str:
    return f"zone {', '.join(zones)}" if zones else "no zone"


def _check_os(machine: Machine, old: Disk | None, new: Disk) -> Iterator[str]:
    """An OS disk is swapped for one of the same size, system, generation, security type and encryption set."""
    if machine.is_ephemeral:
        yield "the machine's OS disk is ephemeral: it lies on its host and cannot be swapped"
    if new.sku in BACKGROUND_COPY_SKUS:
        yield f"a {new.sku} disk cannot be an OS disk"
    if old is None:
        yield "the machine's OS disk cannot be read, and so not be compared"
        return
    for what, read in _SAME_OF_OS_DISKS.items():
        before, after = read(old), read(new)
        if before != after:
            yield f"its {what} is {after or 'none'}, that of the machine's OS disk {before or 'none'}"


def _own(disk: Disk) -> Mapping[str, Any]:
    return disk.raw.get("properties") or {}


_SAME_OF_OS_DISKS: Mapping[str, Any] = {
    "size in GB": lambda disk: _own(disk).get("diskSizeGB"),
    "operating system": lambda disk: _own(disk).get("osType"),
    "generation": lambda disk: _own(disk).get("hyperVGeneration") or "V1",
    "security type": lambda disk: (_own(disk).get("securityProfile") or {}).get("securityType"),
    "disk encryption set": lambda disk: str(
        (_own(disk).get("encryption") or {}).get("diskEncryptionSetId") or ""
    ).lower(),
    "encryption inside the machine": lambda disk: bool(
        (_own(disk).get("encryptionSettingsCollection") or {}).get("enabled")
    ),
}


def _check_data(machine: Machine, exchange: Exchange, new: Disk) -> Iterator[str]:
    if _own(new).get("osType"):
        yield "it is an OS disk"
    if new.sku in BACKGROUND_COPY_SKUS and exchange.caching != "None":
        yield f"a {new.sku} disk takes no caching, and LUN {exchange.lun} has {exchange.caching}"
    if new.sku == "UltraSSD_LRS" and not machine.takes_ultra_disks:
        yield "the machine takes no Ultra disks (additionalCapabilities.ultraSSDEnabled)"
    if exchange.write_accelerated and not new.sku.startswith("Premium_"):
        yield f"LUN {exchange.lun} has the write accelerator, which a {new.sku} disk cannot have"
    size = int(_own(new).get("diskSizeGB") or 0)
    if size > LARGEST_CACHED_GB and exchange.caching != "None":
        yield f"a disk of {size} GB takes no caching, and LUN {exchange.lun} has {exchange.caching}"


# ---------------------------------------------------------------- errors of its own


class MachineNotFound(BackupError):
    """What one answer said: it is asked again before it is believed."""

    code = "VirtualMachineNotFound"
    is_user_error = True
    doubts = 2
    recommended_action = "Look whether the virtual machine was deleted or moved; its disks stay where they are."


class MachineRefused(BackupError):
    """Azure refused a change of a machine. Another copy of the step may have been faster: it is looked at again."""

    code = "SwapRefused"
    doubts = 1
    recommended_action = (
        "Read Azure's message. The old disks are kept; put them back with swapDisks/{job}/undo of the vault, or mend "
        "the cause and swap again."
    )


class MachineChanged(BackupError):
    code = "VirtualMachineChanged"
    is_user_error = True
    recommended_action = (
        "Look at the machine's disks: the message says what each place holds. The old disks are kept; put them back "
        "with swapDisks/{job}/undo of the vault once nothing else is in their place."
    )
