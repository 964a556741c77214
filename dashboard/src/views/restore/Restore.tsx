/** A recovery point becomes a new disk: which one, where to, whether it would work, and how it goes. */
import { useParams } from "react-router";
import { toDisk } from "../../app/links";
import { useCopies, useInstance, usePoints } from "../../api/queries";
import type { Instance, Point, PointCopy } from "../../api/types";
import { isGood } from "../../points/tags";
import { forgetDraft } from "../../shared/draft";
import { Empty } from "../../shared/Empty";
import { Linked } from "../../shared/Linked";
import { Loaded } from "../../shared/Loaded";
import { Page, Section } from "../../shared/Page";
import { useSearch } from "../../shared/search";
import { regionsOf, withCopied } from "./copies";
import { draftOf } from "./form";
import { Followed } from "./Followed";
import { PointChoice } from "./PointChoice";
import { TargetForm } from "./TargetForm";

export function Component() {
  const id = `/${useParams()["*"] ?? ""}`;
  const instance = useInstance(id);
  const points = usePoints(id);
  const copies = useCopies(id); // who cannot be told of them restores at home
  const name = instance.data?.properties.friendlyName ?? id.slice(id.lastIndexOf("/") + 1);
  return (
    <Page actions={<Linked to={toDisk(id)}>Back to the disk</Linked>} title={`Restore ${name}`}>
      <Loaded from={instance} lines={3}>
        {(found) => (
          <Loaded from={points} lines={10}>
            {(all) => !copies.isPending && <Told copies={copies.data ?? []} home={all.filter(isGood)} instance={found} />}
          </Loaded>
        )}
      </Loaded>
    </Page>
  );
}

interface ToldProps {
  instance: Instance;
  /** The points whose own snapshots are there. */
  home: readonly Point[];
  copies: readonly PointCopy[];
}

function Told({ instance, home, copies }: ToldProps) {
  const [params, change] = useSearch();
  const job = params.get("job");
  const target = params.get("target");
  if (job && target) {
    const again = (isDone: boolean) => {
      if (isDone) forgetDraft(draftOf(instance.id));
      change({ job: null, target: null });
    };
    return <Followed job={job} target={target} onAgain={again} />;
  }
  const points = withCopied(instance.id, home, copies);
  const [newest] = points;
  if (!newest) return <Empty>There is nothing to restore yet: the first recovery point comes with the next backup.</Empty>;
  const asked = params.get("point");
  const chosen = points.find((point) => point.name === asked) ?? newest;
  return (
    <>
      <Section title="1. Of when">
        <PointChoice
          chosen={chosen}
          isGone={asked !== null && asked !== chosen.name}
          points={points}
          onChoose={(point) => change({ point }, true)}
        />
      </Section>
      <Section title="2. To which disk">
        <TargetForm
          instance={instance}
          point={chosen}
          regions={regionsOf(chosen, home, copies)}
          onStarted={(started, disk) => change({ job: started, target: disk })}
        />
      </Section>
    </>
  );
}
