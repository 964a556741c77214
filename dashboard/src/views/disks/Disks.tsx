/** All protected disks: found, sorted, and changed many at a time. */
import { Body1, Button, Caption1, makeStyles } from "@fluentui/react-components";
import { useMemo, useState } from "react";
import { useNavigate } from "react-router";
import { ActionDialog } from "../../actions/ActionDialog";
import { ACTIONS, type Kind } from "../../actions/kinds";
import { toProtect, toRestoreTogether } from "../../app/links";
import { useStandings } from "../../api/queries";
import type { Standing } from "../../api/types";
import { readSort, sortText } from "../../shared/columns";
import { Empty } from "../../shared/Empty";
import { counted, countText } from "../../shared/format";
import { Linked } from "../../shared/Linked";
import { Loaded } from "../../shared/Loaded";
import { Page } from "../../shared/Page";
import { useSearch } from "../../shared/search";
import { VirtualTable } from "../../shared/VirtualTable";
import { useSession } from "../../sign-in/session";
import { includes } from "../../sign-in/roles";
import { COLUMNS } from "./columns";
import { Filters } from "./Filters";
import { matching, readFilter } from "./filter";

const FIRST = { column: "state", descending: false };
const RESTORED_AT_ONCE = 40; // whose ids an address holds
const KINDS: readonly Kind[] = ["backUp", "stop", "resume", "changePolicy"];
const useStyles = makeStyles({ bar: { display: "flex", flexWrap: "wrap", gap: "8px", alignItems: "center", minHeight: "32px" } });

export function Component() {
  const standings = useStandings();
  return (
    <Page title="Disks">
      <Loaded from={standings} lines={12}>
        {(disks) =>
          disks.length > 0 || standings.isPending ? (
            <Table disks={disks} isPending={standings.isPending} />
          ) : (
            <Empty next={<Linked to={toProtect()}>Protect disks</Linked>}>No disk is protected yet.</Empty>
          )
        }
      </Loaded>
    </Page>
  );
}

function Table({ disks, isPending }: { disks: Standing[]; isPending: boolean }) {
  const [params, change] = useSearch();
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const filter = readFilter(params);
  const key = JSON.stringify(filter);
  const shown = useMemo(() => matching(disks, filter), [disks, key]);
  const names = useMemo(() => new Map(disks.map((disk) => [disk.backupInstanceId, disk.friendlyName])), [disks]);
  const chosen = shown.filter((disk) => selected.has(disk.backupInstanceId));
  const maySelect = includes(useSession().role, "Operator");
  return (
    <>
      <Filters disks={disks} filter={filter} onChange={change} />
      {maySelect && <Bulk disks={chosen} onDone={(refused) => setSelected(new Set(refused))} />}
      {shown.length > 0 ? (
        <VirtualTable
          columns={COLUMNS}
          idOf={(disk) => disk.backupInstanceId}
          label="Protected disks"
          rows={shown}
          selection={maySelect ? { ids: selected, set: setSelected, nameOf: (id) => names.get(id) ?? id } : undefined}
          sort={readSort(params.get("sort"), FIRST)}
          onSort={(sort) => change({ sort: sortText(sort) }, true)}
        />
      ) : (
        <Empty>No disk is like this. Search for less, or show all.</Empty>
      )}
      <Caption1 aria-live="polite">
        {shown.length === disks.length ? counted(disks.length, "disk") : `${countText(shown.length)} of ${counted(disks.length, "disk")}`}
        {isPending && "; more are being read"}
      </Caption1>
    </>
  );
}

function Bulk({ disks, onDone }: { disks: Standing[]; onDone: (refused: readonly string[]) => void }) {
  const styles = useStyles();
  const { role } = useSession();
  const navigate = useNavigate();
  const [asked, setAsked] = useState<{ kind: Kind; disks: Standing[] } | null>(null);
  return (
    <div aria-label="For the selected disks" className={styles.bar} role="toolbar">
      {KINDS.filter((kind) => includes(role, ACTIONS[kind].role)).map((kind) => (
        <Button disabledFocusable={!disks.some(ACTIONS[kind].fits)} key={kind} onClick={() => setAsked({ kind, disks })}>
          {ACTIONS[kind].label}
        </Button>
      ))}
      <Button
        disabledFocusable={disks.length === 0 || disks.length > RESTORED_AT_ONCE}
        onClick={() => void navigate(toRestoreTogether(disks.map((disk) => disk.backupInstanceId)))}
      >
        Restore
      </Button>
      <Body1>{disks.length > 0 ? `${countText(disks.length)} selected` : "Select disks to change many at once."}</Body1>
      {asked && <ActionDialog {...asked} onClosed={() => setAsked(null)} onDone={onDone} />}
    </div>
  );
}
