/** Asks the API about a draft, a moment after the last key. */
import { useQuery, keepPreviousData, type UseQueryResult } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { PolicyInput } from "../../api/types";
import { useClient } from "../../sign-in/session";

const PAUSE = 400; // milliseconds

type Properties = PolicyInput["properties"];

export function useAsked<T>(id: string, action: string, properties: Properties, wishes: object): UseQueryResult<T> {
  const client = useClient();
  const settled = useSettled(JSON.stringify({ properties, ...wishes }));
  return useQuery({
    queryKey: [action, id.toLowerCase(), settled],
    queryFn: ({ signal }) => client.send<T>("POST", `${id}/${action}`, { body: JSON.parse(settled) as object, signal }),
    placeholderData: keepPreviousData,
  });
}

function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), PAUSE);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}
