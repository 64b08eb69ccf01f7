//! Many packets as one message on a channel.
//!
//! `<number>:` comes first, written by the script that sends the pack. Then one byte says what follows: `p`, and each packet
//! behind its length (four bytes, the highest first); or `c`, and the name of a canary. A pack may be empty: it only counts.

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// What a pack carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Load {
    /// Packets, in their order.
    Packets(Vec<Bytes>),
    /// A node's message to itself.
    Canary(u64),
}

/// A pack as it is sent, without its number.
pub(crate) fn encode(load: &Load) -> Bytes {
    let mut bytes = BytesMut::new();
    match load {
        Load::Packets(packets) => {
            let length: usize = packets.iter().map(|packet| packet.len() + 4).sum();
            bytes.reserve(length + 1);
            bytes.put_u8(b'p');
            for packet in packets {
                let length = u32::try_from(packet.len()).expect("no packet has 4 GiB");
                bytes.put_u32(length);
                bytes.put_slice(packet);
            }
        }
        Load::Canary(name) => {
            bytes.put_u8(b'c');
            bytes.put_u64(*name);
        }
    }
    bytes.freeze()
}

/// A message from a channel, as its number and load; `None` if it is not one of ours.
pub(crate) fn decode(message: &[u8]) -> Option<(u64, Load)> {
    let colon = message.iter().position(|byte| *byte == b':')?;
    let number = std::str::from_utf8(&message[..colon]).ok()?.parse().ok()?;
    let mut rest = &message[colon + 1..];
    let load = match rest.try_get_u8().ok()? {
        b'p' => Load::Packets(packets(rest)?),
        b'c' => Load::Canary(rest.try_get_u64().ok()?),
        _ => return None,
    };
    Some((number, load))
}

fn packets(mut rest: &[u8]) -> Option<Vec<Bytes>> {
    let mut packets = Vec::new();
    while !rest.is_empty() {
        let length = usize::try_from(rest.try_get_u32().ok()?).ok()?;
        // Copied, so that a small packet that waits does not keep the whole message in memory.
        packets.push(Bytes::copy_from_slice(rest.get(..length)?));
        rest.advance(length);
    }
    Some(packets)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(number: &str, load: &Load) -> Vec<u8> {
        [number.as_bytes(), b":", &encode(load)].concat()
    }

    #[test]
    fn packs_come_back_as_they_were() {
        let packets = ["", "one", ":p:"].map(|packet| Bytes::from_static(packet.as_bytes()));
        for load in [
            Load::Packets(packets.into()),
            Load::Packets(Vec::new()),
            Load::Canary(u64::MAX),
        ] {
            let exact = "7312345678901234567";
            let message = sent(exact, &load);
            assert_eq!(decode(&message), Some((7_312_345_678_901_234_567, load)));
        }
    }

    #[test]
    fn what_is_cut_off_or_foreign_is_refused() {
        let message = sent("1", &Load::Packets(vec![Bytes::from_static(b"packet")]));
        for length in (0..message.len()).filter(|length| *length != 3) {
            assert_eq!(decode(&message[..length]), None, "{length} bytes");
        }
        for foreign in [&b""[..], b"hello", b"-1:p", b"1:x", b":p", b"1:c123"] {
            assert_eq!(decode(foreign), None);
        }
    }
}
