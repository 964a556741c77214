/** The fields of the new disk, each with what the API says against it. */
import { Checkbox, Field, Input, Select, makeStyles } from "@fluentui/react-components";
import type { ReactElement } from "react";
import { useSubscriptions } from "../../api/queries";
import { SKUS, ZONES, type Field as FieldName, type Form } from "./form";

const useStyles = makeStyles({
  grid: { display: "grid", gridTemplateColumns: "repeat(auto-fit, minmax(min(260px, 100%), 1fr))", gap: "12px 16px", alignItems: "start" },
  field: { minWidth: 0 },
  select: { width: "100%", minWidth: 0, "& > select": { minWidth: 0, width: "100%", textOverflow: "ellipsis" } },
});

interface Props {
  form: Form;
  faults: Readonly<Partial<Record<FieldName, string[]>>>;
  onChange: (changes: Partial<Form>) => void;
}

interface PlacedProps extends Props {
  /** Where the point can be restored; "" is `home`, the disk's own region. */
  regions: readonly string[];
  home: string;
}

export function TargetFields({ form, faults, onChange, regions, home }: PlacedProps) {
  const styles = useStyles();
  const field = { form, faults, onChange };
  return (
    <div className={styles.grid}>
      {(regions.length > 1 || regions[0] !== "") && <Region {...field} home={home} regions={regions} />}
      <Subscription {...field} />
      <Text {...field} label="Resource group" name="group" />
      <Text {...field} label="Name of the new disk" name="name" />
      <Choice {...field} label="SKU" name="sku" options={SKUS.map((sku) => ({ value: sku, label: sku }))} />
      <Choice
        {...field}
        label="Zone"
        name="zone"
        unsaid={form.region ? "None: zones are of a region" : undefined}
        options={[{ value: "none", label: "No zone" }, ...ZONES.map((zone) => ({ value: zone, label: zone }))]}
      />
      <Text {...field} hint="Empty: as the source. It can only grow." label="Size in GiB" name="sizeGB" type="number" />
      <Checkbox
        checked={form.keepsTags}
        label="With the source's tags"
        onChange={(_, { checked }) => onChange({ keepsTags: checked === true })}
      />
    </div>
  );
}

function Region({ form, faults, onChange, regions, home }: PlacedProps) {
  return (
    <Framed faults={faults.region} hint={form.region && "From the copy in that region."} label="Region">
      <Select className={useStyles().select} value={form.region} onChange={(_, { value }) => onChange({ region: value })}>
        {regions.map((region) => (
          <option key={region} value={region}>
            {region || `${home}, from the recovery point itself`}
          </option>
        ))}
      </Select>
    </Framed>
  );
}

function Subscription({ form, faults, onChange }: Props) {
  const known = useSubscriptions().data ?? [];
  const others = known.filter((each) => each.subscriptionId.toLowerCase() !== form.subscription.toLowerCase());
  const nameOf = (id: string) => known.find((each) => each.subscriptionId.toLowerCase() === id.toLowerCase())?.displayName ?? id;
  return (
    <Framed faults={faults.subscription} label="Subscription" required>
      <Select className={useStyles().select} value={form.subscription} onChange={(_, { value }) => onChange({ subscription: value })}>
        <option value={form.subscription}>{nameOf(form.subscription)}</option>
        {others.map((each) => (
          <option key={each.subscriptionId} value={each.subscriptionId}>
            {each.displayName}
          </option>
        ))}
      </Select>
    </Framed>
  );
}

interface TextProps extends Props {
  label: string;
  name: "group" | "name" | "sizeGB";
  hint?: string;
  type?: "text" | "number";
}

function Text({ label, name, hint, type = "text", form, faults, onChange }: TextProps) {
  return (
    <Framed faults={faults[name]} hint={hint} label={label} required={name !== "sizeGB"}>
      <Input min={1} type={type} value={form[name]} onChange={(_, { value }) => onChange({ [name]: value })} />
    </Framed>
  );
}

interface ChoiceProps extends Props {
  label: string;
  name: "sku" | "zone";
  options: readonly { value: string; label: string }[];
  /** What it is to have where nothing is chosen, if not what the source had. */
  unsaid?: string | undefined;
}

function Choice({ label, name, options, unsaid = "As the source", form, faults, onChange }: ChoiceProps) {
  return (
    <Framed faults={faults[name]} label={label}>
      <Select className={useStyles().select} value={form[name]} onChange={(_, { value }) => onChange({ [name]: value })}>
        <option value="">{unsaid}</option>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </Select>
    </Framed>
  );
}

interface FramedProps {
  label: string;
  faults: readonly string[] | undefined;
  hint?: string;
  required?: boolean;
  children: ReactElement;
}

function Framed({ label, faults, hint, required = false, children }: FramedProps) {
  return (
    <Field
      className={useStyles().field}
      hint={hint}
      label={label}
      required={required}
      validationMessage={faults && shortened(faults.join(" "))}
      validationState={faults ? "error" : "none"}
    >
      {children}
    </Field>
  );
}

/** Beside a field there is room for a few words; what is said beneath the form is whole. */
const shortened = (text: string): string => (text.length <= 120 ? text : "See what is said below.");
