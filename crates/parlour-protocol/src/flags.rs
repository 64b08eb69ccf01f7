//! Flags that are left out when they are off.

/// For `skip_serializing_if`, which hands over a reference.
pub(crate) fn is_false(flag: &bool) -> bool {
    !flag
}
