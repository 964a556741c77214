/** Roles decide what is offered; the API decides what is done. Each includes those before it. */

const ORDER = ["Reader", "Operator", "Contributor"] as const;
export type Role = (typeof ORDER)[number];

/** The highest role among a token's claims, spelt in any of the ways that the API takes; null for none. */
export function highestRole(claims: readonly string[]): Role | null {
  const plain = claims.map((claim) => claim.replace(/[ .-]/g, "").toLowerCase());
  return [...ORDER].reverse().find((role) => plain.includes(`backup${role.toLowerCase()}`)) ?? null;
}

export function includes(role: Role | null, needed: Role): boolean {
  return role !== null && ORDER.indexOf(role) >= ORDER.indexOf(needed);
}
