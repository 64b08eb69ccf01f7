/**
 * The files of a build that are kept for opening the page without a connection, each build in a cache of its own.
 *
 * - A page that is open goes on finding the files of its build when a newer build has taken over.
 */
export interface Shell {
  /** Another one for each build. */
  version: string;
  /** What the first view consists of, as paths. */
  files: readonly string[];
}

const family = "parlour-";
const assets = "/assets/";

export class KeptFiles {
  readonly #name: string;

  constructor(
    private readonly shell: Shell,
    private readonly caches: CacheStorage,
    private readonly load: (request: Request) => Promise<Response>,
  ) {
    this.#name = `${family}${shell.version}`;
  }

  async install(): Promise<void> {
    const cache = await this.caches.open(this.#name);
    await cache.addAll([...this.shell.files]);
  }

  /** Whether requests for this path are answered here. */
  concerns(path: string): boolean {
    return this.shell.files.includes(path) || path.startsWith(assets);
  }

  /** From the cache; else from the network, and then kept, because every name under `assets/` stands for one content. */
  async answer(request: Request): Promise<Response> {
    const cache = await this.caches.open(this.#name);
    const found = (await cache.match(request, { ignoreVary: true })) ?? (await this.#ofAnotherBuild(request));
    if (found) return found;
    const answer = await this.load(request);
    // Where there is no room it is answered all the same.
    if (answer.ok) await cache.put(request, answer.clone()).catch(() => undefined);
    return answer;
  }

  /** Deletes what other builds kept; only for when no page of theirs is open. */
  async forgetOtherBuilds(): Promise<void> {
    const names = await this.caches.keys();
    await Promise.all(names.filter((name) => name.startsWith(family) && name !== this.#name).map((name) => this.caches.delete(name)));
  }

  /** Only what has its content in its name is the same in every build. */
  async #ofAnotherBuild(request: Request): Promise<Response | undefined> {
    if (!new URL(request.url).pathname.startsWith(assets)) return undefined;
    return this.caches.match(request, { ignoreVary: true });
  }
}
