/** For addresses that lead nowhere, or to what somebody's role does not show. */
import { Link as RouterLink } from "react-router";
import { Empty } from "../shared/Empty";
import { Page } from "../shared/Page";
import type { Role } from "../sign-in/roles";

export function NotThere({ role }: { role?: Role }) {
  const next = <RouterLink to="/">Go to the overview</RouterLink>;
  return (
    <Page title={role ? "Not for your role" : "Not found"}>
      <Empty next={next}>
        {role ? `This needs the role Backup.${role}. Ask whoever administers the app to assign it.` : "There is no such page."}
      </Empty>
    </Page>
  );
}
