//! P1 to P3: who is shown as there is there.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use parlour_model::{PresenceStatus, UserId};

use super::view::View;
use super::{Findings, Invariant};
use crate::history::{DeviceId, Record, What};

/// How long somebody who is gone may be shown as there.
const OFFLINE_WITHIN: Duration = Duration::from_secs(15);
/// How long somebody must have been connected before "offline" about them is false.
const SETTLED_AFTER: Duration = Duration::from_secs(2);

/// Where a user is connected, and since or until when.
#[derive(Debug, Default)]
struct Connections {
    devices: HashSet<DeviceId>,
    changed_at: Duration,
}

impl Connections {
    fn begin(&mut self, record: &Record) {
        if self.devices.is_empty() {
            self.changed_at = record.at;
        }
        self.devices.insert(record.device);
    }

    fn end(&mut self, record: &Record) {
        if self.devices.remove(&record.device) && self.devices.is_empty() {
            self.changed_at = record.at;
        }
    }
}

pub(super) fn check(view: &View<'_>, findings: &mut Findings) {
    let mut connections: HashMap<UserId, Connections> = HashMap::new();
    let mut shown: HashMap<(DeviceId, UserId), (PresenceStatus, u64)> = HashMap::new();
    for record in view.records {
        match &record.what {
            What::Connected => connections.entry(record.user).or_default().begin(record),
            What::Disconnected => {
                connections.entry(record.user).or_default().end(record);
                // What a disconnected device last saw is no claim of the server any more.
                shown.retain(|(device, _), _| *device != record.device);
            }
            What::PresenceSeen {
                of,
                status,
                version,
            } => {
                let settled = connections.get(of).is_some_and(|connections| {
                    !connections.devices.is_empty()
                        && record.at > connections.changed_at + SETTLED_AFTER
                });
                if settled && *status == PresenceStatus::Offline {
                    findings.add(
                        Invariant::P2,
                        format!(
                            "{of} was shown offline to {:?} while connected",
                            record.device
                        ),
                    );
                }
                let before = shown.insert((record.device, *of), (*status, *version));
                // That nothing is known has no version of its own, and what comes after it starts over.
                let is_unknown = *status == PresenceStatus::Unknown;
                let before = before.filter(|(earlier, _)| *earlier != PresenceStatus::Unknown);
                if !is_unknown && before.is_some_and(|(_, earlier)| *version <= earlier) {
                    findings.add(
                        Invariant::P3,
                        format!("{:?} saw version {version} of {of} late", record.device),
                    );
                }
            }
            _ => {}
        }
    }
    nobody_haunts(view, &connections, &shown, findings);
}

/// P1, at the quiet end of the test.
fn nobody_haunts(
    view: &View<'_>,
    connections: &HashMap<UserId, Connections>,
    shown: &HashMap<(DeviceId, UserId), (PresenceStatus, u64)>,
    findings: &mut Findings,
) {
    for ((device, of), (status, _)) in shown {
        let gone_at = match connections.get(of) {
            None => Duration::ZERO,
            Some(connections) if connections.devices.is_empty() => connections.changed_at,
            Some(_) => continue,
        };
        let here = !matches!(status, PresenceStatus::Offline | PresenceStatus::Unknown);
        if here && view.quiet_at > gone_at + OFFLINE_WITHIN {
            findings.add(
                Invariant::P1,
                format!("{of} is gone and still shown as {status:?} to {device:?}"),
            );
        }
    }
}
