//! A server that misbehaves by the script: the counterpart of a client library under test.
//!
//! A scenario file (`scenarios/README.md` says how to write one) has a part for the server and a part for the client. This
//! module plays the server's part and says at which step the client did something else; the client's part is
//! played by a runner of the client's own language, which needs nothing of this but the address.
//!
//! - Steps follow frames and calls, never time: nothing here waits but for the client, and for that long enough.
//! - What any client may do at any time (pings, marks, typing, watching, reading pages) is answered whenever it
//!   comes. Everything else must be in the script, in its order.

mod defaults;
mod happening;
mod listening;
mod manners;
mod player;
mod scenario;
mod step;
mod values;
mod wire;

pub use player::{Played, play};
pub use scenario::{Scenario, scenarios_in};
pub use step::{Call, Greeting, ServerStep};
pub use values::Values;
