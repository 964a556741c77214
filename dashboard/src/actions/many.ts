/** One thing done to many disks: a few at a time, each told by itself, so that one refusal stops none of the others. */
import { useState } from "react";
import { asApiError, type ApiError } from "../api/errors";

const AT_ONCE = 4;

export interface Refused {
  id: string;
  error: ApiError;
}

export interface Outcome {
  done: number;
  of: number;
  refused: readonly Refused[];
  isOver: boolean;
}

export type Act = (id: string) => Promise<unknown>;

export function useMany(): { outcome: Outcome | null; run: (ids: readonly string[], act: Act) => Promise<Outcome> } {
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  return { outcome, run: (ids, act) => toMany(ids, act, setOutcome) };
}

export async function toMany(ids: readonly string[], act: Act, tell: (outcome: Outcome) => void): Promise<Outcome> {
  const left = [...ids];
  let outcome: Outcome = { done: 0, of: ids.length, refused: [], isOver: false };
  const note = (change: Partial<Outcome>) => tell((outcome = { ...outcome, ...change }));
  note({});
  const work = async () => {
    for (let id = left.shift(); id !== undefined; id = left.shift()) {
      const refused = await refusal(id, act);
      note({ done: outcome.done + 1, refused: refused ? [...outcome.refused, refused] : outcome.refused });
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, ids.length) }, work));
  note({ isOver: true });
  return outcome;
}

async function refusal(id: string, act: Act): Promise<Refused | null> {
  try {
    await act(id);
    return null;
  } catch (thrown) {
    return { id, error: asApiError(thrown) };
  }
}
