/** The choices behind somebody's name: light or dark, the clock, and out. Loaded when it is first opened. */
import {
  Menu,
  MenuDivider,
  MenuGroup,
  MenuGroupHeader,
  MenuItem,
  MenuItemRadio,
  MenuList,
  MenuPopover,
  MenuTrigger,
  type MenuProps,
} from "@fluentui/react-components";
import { useState, type ReactElement } from "react";
import { useSession } from "../sign-in/session";
import { LOCAL_ZONE, usePreferences, type Clock, type Look } from "./preferences";

/** `trigger` is the button, which opens it from then on. */
export default function PersonMenu({ trigger }: { trigger: ReactElement }) {
  const [isOpen, setIsOpen] = useState(true);
  const { look, clock, setLook, setClock } = usePreferences();
  const choose: MenuProps["onCheckedValueChange"] = (_, { name, checkedItems }) =>
    name === "look" ? setLook(checkedItems[0] as Look) : setClock(checkedItems[0] as Clock);
  return (
    <Menu
      checkedValues={{ look: [look], clock: [clock] }}
      open={isOpen}
      onCheckedValueChange={choose}
      onOpenChange={(_, { open }) => setIsOpen(open)}
    >
      <MenuTrigger disableButtonEnhancement>{trigger}</MenuTrigger>
      <MenuPopover>
        <Choices />
      </MenuPopover>
    </Menu>
  );
}

function Choices() {
  const session = useSession();
  return (
    <MenuList>
      <MenuGroup>
        <MenuGroupHeader>Appearance</MenuGroupHeader>
        <MenuItemRadio name="look" value="system">
          As the system
        </MenuItemRadio>
        <MenuItemRadio name="look" value="light">
          Light
        </MenuItemRadio>
        <MenuItemRadio name="look" value="dark">
          Dark
        </MenuItemRadio>
      </MenuGroup>
      <MenuDivider />
      <MenuGroup>
        <MenuGroupHeader>Times</MenuGroupHeader>
        <MenuItemRadio name="clock" value="local">
          Local ({LOCAL_ZONE})
        </MenuItemRadio>
        <MenuItemRadio name="clock" value="utc">
          UTC
        </MenuItemRadio>
      </MenuGroup>
      <MenuDivider />
      <MenuItem onClick={() => void session.signOut()}>Sign out</MenuItem>
    </MenuList>
  );
}
