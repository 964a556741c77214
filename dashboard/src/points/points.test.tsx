import { fireEvent, screen } from "@testing-library/react";
import { useState } from "react";
import { describe, expect, test } from "vitest";
import { FakeApi, show } from "../test/fakeApi";
import { point } from "../test/samples";
import { Calendar } from "./Calendar";
import { weeksOf } from "./days";
import { fittingSpan, SPANS } from "./span";
import { coloursOf, isGood } from "./tags";
import { Timeline } from "./Timeline";

const NOW = Date.parse("2026-03-04T12:00:00Z"); // a Wednesday

describe("a calendar", () => {
  const points = [point("2026-03-03T23:30:00Z"), point("2026-03-03T10:00:00Z")];
  const happened = { points, failedAt: ["2026-03-02T10:00:00Z"], missedAt: [] };
  const weeks = (zone: string) => weeksOf(happened, { now: NOW, zone, weeks: 2 });

  test("begins on a Monday and ends today", () => {
    expect(weeks("UTC").map((week) => [week[0]?.key, week.at(-1)?.key])).toEqual([
      ["2026-02-23", "2026-03-01"],
      ["2026-03-02", "2026-03-04"],
    ]);
  });

  test("has the days of somebody's clock", () => {
    const counts = (zone: string) => weeks(zone)[1]?.map((day) => day.points.length);
    expect(counts("UTC")).toEqual([0, 2, 0]);
    expect(counts("Europe/Berlin")).toEqual([0, 1, 1]);
  });

  test("says in words what it shows, and is walked through by arrow keys", () => {
    const chosen: (string | null)[] = [];
    show(<Calendar chosen={null} weeks={weeks("UTC")} onChoose={(day) => chosen.push(day)} />, new FakeApi());
    const today = screen.getByRole("button", { name: "4 Mar 2026: no recovery point" });
    expect(today).toHaveAttribute("tabindex", "0");
    fireEvent.keyDown(today, { key: "ArrowUp" });
    const yesterday = screen.getByRole("button", { name: "3 Mar 2026: 2 recovery points" });
    expect(yesterday).toHaveFocus();
    fireEvent.keyDown(yesterday, { key: "Enter" });
    expect(chosen).toEqual(["2026-03-03"]);
    expect(screen.getByRole("button", { name: /2 Mar 2026: no recovery point, 1 failed backup/ })).toBeInTheDocument();
  });
});

describe("a timeline", () => {
  const points = [point("2026-03-04T11:00:00Z"), point("2026-03-04T10:00:00Z"), point("2026-03-04T09:00:00Z", { retentionTagName: "Weekly" })];

  function Chosen() {
    const [chosen, setChosen] = useState(points[0]?.name ?? null);
    const [span, setSpan] = useState(SPANS[0]!);
    return <Timeline {...{ points, chosen, span, now: NOW, failedAt: [], colours: coloursOf(points), onChoose: setChosen, onSpan: setSpan }} />;
  }

  test("is walked along by arrow keys, each point said with its retention rule", () => {
    show(<Chosen />, new FakeApi());
    const line = screen.getByRole("slider", { name: "Recovery point" });
    expect(line).toHaveAttribute("aria-valuetext", "4 Mar 2026, 11:00 UTC, Default");
    fireEvent.keyDown(line, { key: "ArrowLeft" });
    expect(line).toHaveAttribute("aria-valuetext", "4 Mar 2026, 10:00 UTC, Default");
    fireEvent.keyDown(line, { key: "Home" });
    expect(line).toHaveAttribute("aria-valuetext", "4 Mar 2026, 09:00 UTC, Weekly");
    fireEvent.keyDown(line, { key: "ArrowLeft" });
    expect(line).toHaveAttribute("aria-valuenow", "1");
  });

  test("shows a handful of points at first", () => {
    expect(fittingSpan(points, NOW).key).toBe("1d");
    expect(fittingSpan([point("2026-02-20T00:00:00Z")], NOW).key).toBe("30d");
    expect(fittingSpan([point("2020-02-20T00:00:00Z")], NOW).key).toBe("all");
  });
});

test("what is lost, or about to go, cannot be restored", () => {
  expect(isGood(point("2026-03-04T11:00:00Z"))).toBe(true);
  expect(isGood(point("2026-03-04T11:00:00Z", { recoveryPointState: "Lost" }))).toBe(false);
  expect(isGood(point("2026-03-04T11:00:00Z", { recoveryPointState: "Expiring" }))).toBe(false);
});
