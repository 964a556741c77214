/** A filter of a list: one of a few values, or all of them. */
import { Select } from "@fluentui/react-components";

interface Props {
  label: string;
  value: string;
  options: readonly { value: string; label: string }[];
  /** What no choice is called; without it there is always one. */
  all?: string;
  onChange: (value: string) => void;
}

export function Choose({ label, value, options, all, onChange }: Props) {
  return (
    <Select aria-label={label} value={value} onChange={(_, change) => onChange(change.value)}>
      {all !== undefined && <option value="">{all}</option>}
      {options.map((option) => (
        <option key={option.value} value={option.value}>
          {option.label}
        </option>
      ))}
    </Select>
  );
}
