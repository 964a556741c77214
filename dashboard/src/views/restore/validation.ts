/** Asks the API whether a restore would work, a moment after the last key. */
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { asApiError, type ApiError } from "../../api/errors";
import { carryOut } from "../../api/operations";
import type { RestoreRequest } from "../../api/types";
import { useClient } from "../../sign-in/session";

const PAUSE = 500; // milliseconds

export interface Verdict {
  /** Of what is in the form now; null while that is being asked. */
  isValid: boolean | null;
  error: ApiError | null;
  again: () => void;
}

export function useValidation(instance: string, request: RestoreRequest): Verdict {
  const client = useClient();
  const text = JSON.stringify(request);
  const settled = useSettled(text);
  const answer = useQuery({
    queryKey: ["validateRestore", instance, settled],
    queryFn: async ({ signal }) => {
      const body = { restoreRequestObject: JSON.parse(settled) as RestoreRequest };
      await carryOut(client, "POST", `${instance}/validateRestore`, { body, signal });
      return true;
    },
    retry: (failures, error) => failures < 2 && asApiError(error).passes,
    staleTime: 0,
    gcTime: 0,
  });
  const isOfNow = settled === text && !answer.isFetching;
  return {
    isValid: isOfNow ? answer.isSuccess : null,
    error: answer.error ? asApiError(answer.error) : null,
    again: () => void answer.refetch(),
  };
}

function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), PAUSE);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}
