/** `$name` in a scenario: what it stands for from its first use on, and patterns with such names in them. */

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type Fields = { [name: string]: Json };

/** The client did something else than its scenario says. */
export class Differs extends Error {}

export class Values {
  known = new Map<string, Json>();

  /** Whether `found` is like `pattern`; if so its names stand for what was found. */
  matches(pattern: Json, found: Json): boolean {
    const tried = new Map(this.known);
    if (!isLike(tried, pattern, found)) return false;
    this.known = tried;
    return true;
  }

  learn(pattern: Json, found: Json): void {
    if (!this.matches(pattern, found)) throw new Differs(`${JSON.stringify(found)} should be ${JSON.stringify(pattern)}`);
  }

  /** `template` with its names replaced; within a text they are written `{$name}`. */
  fill(template: Json): Json {
    if (typeof template === "string") {
      if (template.startsWith("$")) return this.get(template.slice(1));
      return template.replace(/\{\$(\w+)\}/g, (_, name: string) => String(this.get(name)));
    }
    if (Array.isArray(template)) return template.map((item) => this.fill(item));
    if (template === null || typeof template !== "object") return template;
    return Object.fromEntries(Object.entries(template).map(([name, value]) => [name, this.fill(value)]));
  }

  private get(name: string): Json {
    const value = this.known.get(name);
    if (value === undefined) throw new Differs(`$${name} is not known yet`);
    return value;
  }
}

function isLike(known: Map<string, Json>, pattern: Json, found: Json): boolean {
  if (typeof pattern === "string" && pattern.startsWith("$")) {
    if (found === null) return false;
    const name = pattern.slice(1);
    if (name === "_") return true;
    if (!known.has(name)) known.set(name, found);
    return known.get(name) === found;
  }
  if (Array.isArray(pattern)) {
    return Array.isArray(found) && found.length === pattern.length && pattern.every((item, place) => isLike(known, item, found[place] ?? null));
  }
  if (pattern === null || typeof pattern !== "object") return pattern === found;
  const fields = typeof found === "object" && found !== null && !Array.isArray(found) ? found : {};
  return Object.entries(pattern).every(([name, value]) => isLike(known, value, fields[name] ?? null));
}
