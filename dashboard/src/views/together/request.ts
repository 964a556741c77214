/** What is asked of the API: of each vault one request for each hundred of its disks. */
import { vaultOf } from "../../api/ids";
import type { Point, Schemas } from "../../api/types";
import { requestOf } from "../restore/form";
import { formOf, type Part, type Where } from "./moment";

export type Preview = Schemas["RestoreTogetherPreview"];
export type Ready = Part & { point: Point };
type Request = Schemas["RestoreTogetherRequest"];

const DISKS_AT_MOST = 100; // of one request

export interface Batch {
  vault: string;
  parts: readonly Ready[];
  body: Request;
}

/** What stands in the way; `part` is null for what is of no single disk. */
export interface Found {
  part: Ready | null;
  message: string;
}

export function batchesOf(parts: readonly Ready[], where: Where, moment: string): readonly Batch[] {
  const vaults = new Map<string, Ready[]>();
  for (const part of parts) {
    const vault = vaultOf(part.instance.id).toLowerCase();
    vaults.set(vault, [...(vaults.get(vault) ?? []), part]);
  }
  return [...vaults.values()].flatMap((each) => chunks(each).map((some) => batchOf(some, where, moment)));
}

function chunks(parts: readonly Ready[]): readonly (readonly Ready[])[] {
  return Array.from({ length: Math.ceil(parts.length / DISKS_AT_MOST) }, (_, at) => parts.slice(at * DISKS_AT_MOST, (at + 1) * DISKS_AT_MOST));
}

function batchOf(parts: readonly Ready[], where: Where, moment: string): Batch {
  const restores = parts.map(({ instance, point }) => ({
    backupInstanceName: instance.name,
    restoreTargetInfo: requestOf(instance, point.name, formOf(instance, point, where)).restoreTargetInfo,
  }));
  const body = { recoveryPointTime: moment, requestId: crypto.randomUUID(), restores } as Request;
  return { vault: vaultOf(parts[0]!.instance.id), parts, body };
}

export function faultsAt(batch: Batch, preview: Preview): readonly Found[] {
  return preview.faults.map(({ target, message }) => {
    const at = /^restores\[(\d+)\]/.exec(target);
    return { part: at ? (batch.parts[Number(at[1])] ?? null) : null, message };
  });
}
