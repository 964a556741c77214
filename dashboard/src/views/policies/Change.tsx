/** What a change of a policy would mean for the disks that follow it, before it is saved. */
import { Body1, makeStyles } from "@fluentui/react-components";
import { toDisk } from "../../app/links";
import { nameOf } from "../../api/ids";
import type { PolicyChangePreview, PolicyInput } from "../../api/types";
import type { Column } from "../../shared/columns";
import { Linked } from "../../shared/Linked";
import { Loaded } from "../../shared/Loaded";
import { Section } from "../../shared/Page";
import { Time } from "../../shared/Time";
import { VirtualTable } from "../../shared/VirtualTable";
import { useAsked } from "./asked";

type Row = PolicyChangePreview["value"][number];

const AT = [1, 3, 5] as const; // of the dates that the API chooses: tomorrow, in 30 days, in a year
const LABELS = ["Tomorrow", "In 30 days", "In a year"] as const;
const useStyles = makeStyles({ list: { margin: 0, paddingInlineStart: "20px" } });

const COLUMNS: readonly Column<Row>[] = [
  {
    key: "disk",
    label: "Disk",
    width: 170, grow: 2,
    show: (row) => <Linked to={toDisk(row.backupInstanceId)}>{nameOf(row.backupInstanceId)}</Linked>,
  },
  ...AT.map((at, place): Column<Row> => ({
    key: `at${at}`,
    label: `${LABELS[place]}: before, after`,
    width: 190,
    isNumber: true,
    show: (row) => `${row.counts[at]?.before ?? ""}, ${row.counts[at]?.after ?? ""}`,
  })),
  {
    key: "newest",
    label: "Its newest point goes",
    width: 200, grow: 1,
    show: ({ newestRecoveryPoint: newest }) =>
      newest ? (
        <span title={newest.reason}>
          <Time at={newest.goesAfter} none="not before something else changes" />
        </span>
      ) : (
        "has none"
      ),
  },
];

export function Change({ id, properties }: { id: string; properties: PolicyInput["properties"] }) {
  const change = useAsked<PolicyChangePreview>(id, "previewChange", properties, {});
  return (
    <Section title="What this change means for its disks">
      <Loaded from={change} lines={4}>
        {(found) => <Told change={found} />}
      </Loaded>
    </Section>
  );
}

function Told({ change }: { change: PolicyChangePreview }) {
  const styles = useStyles();
  const shortened = [...new Set(change.value.flatMap((row) => row.shortenedRetention))];
  return (
    <>
      <Body1>Recovery points that exist keep what they were promised. These are counts of all that there will be.</Body1>
      {shortened.length > 0 && (
        <div>
          Recovery points to come are kept for less long:
          <ul className={styles.list}>
            {shortened.map((each) => (
              <li key={each}>{each}</li>
            ))}
          </ul>
        </div>
      )}
      {change.value.length > 0 ? (
        <VirtualTable
          columns={COLUMNS}
          height="320px"
          idOf={(row) => row.backupInstanceId}
          label="What the change means for each disk"
          rows={change.value}
          sort={{ column: "", descending: false }}
          onSort={() => undefined}
        />
      ) : (
        <Body1>No disk follows this policy.</Body1>
      )}
      {change.nextLink && <Body1>The first {change.value.length} disks are shown.</Body1>}
    </>
  );
}
