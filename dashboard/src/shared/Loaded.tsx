/** What hangs on an answer: its place is held while it loads, its error is told, and older data stays in sight. */
import { Skeleton, SkeletonItem, makeStyles } from "@fluentui/react-components";
import type { ReactNode } from "react";
import { Trouble } from "./Trouble";

interface Answer<T> {
  data: T | undefined;
  error: Error | null;
  refetch: () => unknown;
}

interface Props<T> {
  from: Answer<T>;
  /** How many lines its place has while it loads. */
  lines?: number;
  children: (data: T) => ReactNode;
}

const useStyles = makeStyles({ waiting: { display: "flex", flexDirection: "column", rowGap: "12px" } });

export function Loaded<T>({ from, lines = 4, children }: Props<T>) {
  const retry = () => void from.refetch();
  if (from.data !== undefined) {
    return (
      <>
        {from.error && <Trouble error={from.error} retry={retry} isStale />}
        {children(from.data)}
      </>
    );
  }
  return from.error ? <Trouble error={from.error} retry={retry} /> : <Waiting lines={lines} />;
}

export function Waiting({ lines = 4 }: { lines?: number }) {
  const styles = useStyles();
  return (
    <Skeleton aria-label="Loading" className={styles.waiting}>
      {Array.from({ length: lines }, (_, at) => (
        <SkeletonItem key={at} size={24} />
      ))}
    </Skeleton>
  );
}
