//! Limits that a field's type cannot express, asked by frames and REST bodies alike.

use std::ops::RangeInclusive;

use parlour_model::{AppData, Seq, limits};

/// A field outside its limits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct InvalidField {
    /// Which field.
    pub field: &'static str,
    /// What it must be instead.
    pub reason: String,
}

impl InvalidField {
    pub(crate) fn new(field: &'static str, reason: impl Into<String>) -> Self {
        Self {
            field,
            reason: reason.into(),
        }
    }
}

/// Whether a device name is short enough.
pub(crate) fn device_fits(name: Option<&str>) -> Result<(), InvalidField> {
    let chars = name.map_or(0, |name| name.chars().count());
    at_most("device", chars, limits::DEVICE_CHARS_MAX, "characters")
}

/// Whether a page of this size may be asked for.
pub(crate) fn limit_fits(
    asked: Option<u64>,
    range: RangeInclusive<usize>,
) -> Result<(), InvalidField> {
    let fits = |asked| usize::try_from(asked).is_ok_and(|asked| range.contains(&asked));
    if asked.is_none_or(fits) {
        return Ok(());
    }
    let reason = format!("must be {} to {}", range.start(), range.end());
    Err(InvalidField::new("limit", reason))
}

/// Whether a page is asked for at one place at most; the flags say which places are given.
pub(crate) fn one_place(before: bool, after: bool, around: bool) -> Result<(), InvalidField> {
    let field = match (before, after, around) {
        (_, true, true) | (true, _, true) => "around",
        (true, true, false) => "after",
        _ => return Ok(()),
    };
    let reason = "only one of before, after, around";
    Err(InvalidField::new(field, reason))
}

/// Whether a number may be a seq or zero.
pub(crate) fn seq_fits(field: &'static str, seq: Seq) -> Result<(), InvalidField> {
    if seq < Seq::LIMIT {
        Ok(())
    } else {
        Err(InvalidField::new(field, "must be a seq, below 2^50"))
    }
}

/// Whether a number may name an event.
pub(crate) fn target_fits(field: &'static str, target: Seq) -> Result<(), InvalidField> {
    if target == Seq::ZERO {
        return Err(InvalidField::new(field, "must be the seq of a message"));
    }
    seq_fits(field, target)
}

/// Whether there are no more than `max` of something.
pub(crate) fn at_most(
    field: &'static str,
    count: usize,
    max: usize,
    unit: &str,
) -> Result<(), InvalidField> {
    if count <= max {
        Ok(())
    } else {
        let reason = format!("at most {max} {unit}, has {count}");
        Err(InvalidField::new(field, reason))
    }
}

/// Whether an application may attach these data.
pub(crate) fn attachable(data: Option<&AppData>) -> Result<(), InvalidField> {
    let checked = data.map_or(Ok(()), AppData::check_attachable);
    checked.map_err(|wrong| InvalidField::new("data", wrong.to_string()))
}
