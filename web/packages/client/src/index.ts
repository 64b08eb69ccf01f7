/** What the package offers. */
export type * from "./api.js";
export { connect } from "./connect.js";
export { isParlourError } from "./problem.js";
export type { Batch, Kept, LocalStore, Saved } from "./store.js";
export { indexedDbStore } from "./store/indexeddb.js";
export { memoryStore } from "./store/memory.js";
