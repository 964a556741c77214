/** The views by their addresses. */
import { lazy, Suspense, type ComponentType } from "react";
import { BrowserRouter, Route, Routes, useLocation } from "react-router";
import { Waiting } from "../shared/Loaded";
import { useMay } from "../sign-in/session";
import { FailureBoundary } from "./FailureBoundary";
import { NotThere } from "./NotThere";
import { Shell } from "./Shell";
import { VIEWS, type View } from "./views";

const PLACES = VIEWS.map((view) => ({ view, Component: lazy(async () => ({ default: (await view.load()).Component })) }));

export function Center() {
  return (
    <BrowserRouter basename={import.meta.env.BASE_URL.replace(/\/$/, "")}>
      <Views />
    </BrowserRouter>
  );
}

/** Without the router, which tests bring along. */
export function Views() {
  return (
    <Routes>
      <Route element={<Shell />}>
        {PLACES.map(({ view, Component }) => (
          <Route element={<Guarded Component={Component} view={view} />} key={view.path} path={view.path} />
        ))}
        <Route element={<NotThere />} path="*" />
      </Route>
    </Routes>
  );
}

function Guarded({ view, Component }: { view: View; Component: ComponentType }) {
  const { pathname } = useLocation();
  if (!useMay(view.role)) return <NotThere role={view.role} />;
  return (
    <FailureBoundary key={pathname}>
      <Suspense fallback={<Waiting lines={6} />}>
        <Component key={pathname} />
      </Suspense>
    </FailureBoundary>
  );
}
