/** Options of an allowed signer. @see ssh-keygen(1), ALLOWED SIGNERS */

import { fail, type KeyValidity, printable } from "@countersign/core";

export interface SignerOptions {
  readonly namespaces?: readonly string[];
  readonly validity: KeyValidity;
}

const option = /^([A-Za-z-]+)(?:="((?:[^"\\]|\\")*)")?(?:,|$)/;
const moment = /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?Z$/;

/** @throws KEY_MALFORMED — an option that is not known here, stands twice, or has no proper value */
export function parseOptions(text: string, where: string): SignerOptions {
  const found = new Map<string, string>();
  for (let rest = text; rest !== ""; ) {
    const [whole, name, value] = option.exec(rest) ?? [];
    if (whole === undefined || name === undefined)
      return fail("KEY_MALFORMED", `${where}: expected an option, found ${printable(rest, 60)}`);
    add(found, name.toLowerCase(), value?.replace(/\\"/g, '"'), where);
    rest = rest.slice(whole.length);
  }
  const namespaces = found.get("namespaces")?.split(",");
  const [from, until] = [readMoment(found, "valid-after", where), readMoment(found, "valid-before", where)];
  return {
    ...(namespaces ? { namespaces } : {}),
    validity: { ...(from ? { from } : {}), ...(until ? { until } : {}) },
  };
}

/**
 * Does a list of patterns allow `namespace`? `*` stands for any characters, `?` for one; a pattern with `!` in
 * front that fits forbids, whatever the others say.
 */
export function matchesPatterns(namespace: string, patterns: readonly string[]): boolean {
  if (patterns.some((pattern) => pattern.startsWith("!") && matches(namespace, pattern.slice(1))))
    return false;
  return patterns.some((pattern) => !pattern.startsWith("!") && matches(namespace, pattern));
}

function add(found: Map<string, string>, name: string, value: string | undefined, where: string): void {
  if (name === "cert-authority")
    fail("KEY_MALFORMED", `${where}: certificate authorities are not supported; name the signer's own key`);
  if (name !== "namespaces" && name !== "valid-after" && name !== "valid-before")
    fail("KEY_MALFORMED", `${where}: the option ${printable(name, 40)} is not known here`);
  if (found.has(name)) fail("KEY_MALFORMED", `${where}: the option ${name} stands twice`);
  if (value === undefined || value === "")
    fail("KEY_MALFORMED", `${where}: the option ${name} needs a value in quotes`);
  found.set(name, value);
}

function readMoment(found: ReadonlyMap<string, string>, name: string, where: string): Date | undefined {
  const text = found.get(name);
  if (text === undefined) return undefined;
  // Without the Z, ssh-keygen takes the machine's own time zone: another moment on every machine.
  const [, year, month, day, hour = "00", minute = "00", second = "00"] = moment.exec(text) ?? [];
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const date = new Date(iso);
  return !Number.isNaN(date.getTime()) && date.toISOString() === iso
    ? date
    : fail(
        "KEY_MALFORMED",
        `${where}: expected ${name} as YYYYMMDDZ or YYYYMMDDHHMM[SS]Z, found ${printable(text, 40)}`,
      );
}

/** Greedy with one step back, so that no pattern takes more than text × pattern steps. */
function matches(text: string, pattern: string): boolean {
  let [t, p, star, mark] = [0, 0, -1, 0];
  while (t < text.length) {
    if (pattern[p] === "*") {
      star = p++;
      mark = t;
    } else if (pattern[p] === "?" || pattern[p] === text[t]) {
      p++;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++mark;
    } else return false;
  }
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}
