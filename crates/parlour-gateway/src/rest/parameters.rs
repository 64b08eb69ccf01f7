//! What a path and a query say, each by its name.

use std::fmt::Display;
use std::str::FromStr;

use axum::extract::{FromRequestParts, Query, RawPathParams};
use axum::http::request::Parts;
use parlour_model::limits;
use parlour_protocol::ErrorBody;

use super::Failure;

/// The named parts of a path.
pub(super) struct PathParameters(Vec<(String, String)>);

/// The named values of a query.
pub(super) struct QueryParameters(Vec<(String, String)>);

impl PathParameters {
    /// The part called `name`.
    pub(super) fn get<T: FromStr<Err: Display>>(&self, name: &'static str) -> Result<T, Failure> {
        find(&self.0, name).and_then(|found| match found {
            Some(text) => parse(name, text),
            None => Err(ErrorBody::invalid(name, "is missing").into()),
        })
    }
}

impl QueryParameters {
    /// The value called `name`, if it is there.
    pub(super) fn get<T: FromStr<Err: Display>>(
        &self,
        name: &'static str,
    ) -> Result<Option<T>, Failure> {
        let text = find(&self.0, name)?;
        text.map(|text| parse(name, text)).transpose()
    }

    /// The value called `name` as it is written.
    pub(super) fn text(&self, name: &'static str) -> Result<Option<&str>, Failure> {
        find(&self.0, name)
    }

    /// How many rows of a list are asked for.
    pub(super) fn limit(&self) -> Result<usize, Failure> {
        let max = limits::LIST_ROWS_MAX;
        match self.get("limit")? {
            None => Ok(limits::LIST_ROWS_DEFAULT),
            Some(limit) if (1..=max).contains(&limit) => Ok(limit),
            Some(_) => Err(ErrorBody::invalid("limit", format!("must be 1 to {max}")).into()),
        }
    }
}

fn find<'a>(
    values: &'a [(String, String)],
    name: &'static str,
) -> Result<Option<&'a str>, Failure> {
    let mut found = values.iter().filter(|(known, _)| known == name);
    match (found.next(), found.next()) {
        (None, _) => Ok(None),
        (Some((_, text)), None) => Ok(Some(text)),
        (Some(_), Some(_)) => Err(ErrorBody::invalid(name, "is there twice").into()),
    }
}

fn parse<T: FromStr<Err: Display>>(name: &'static str, text: &str) -> Result<T, Failure> {
    let parsed = text.parse();
    parsed.map_err(|reason: T::Err| ErrorBody::invalid(name, reason).into())
}

impl<S: Send + Sync> FromRequestParts<S> for PathParameters {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let raw = RawPathParams::from_request_parts(parts, state).await;
        let raw = raw.map_err(|_| ErrorBody::invalid("path", "is not UTF-8"))?;
        let owned = |(name, text): (&str, &str)| (name.to_owned(), text.to_owned());
        Ok(Self(raw.iter().map(owned).collect()))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for QueryParameters {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Failure> {
        let read = Query::try_from_uri(&parts.uri);
        let Query(values) = read.map_err(|_| ErrorBody::invalid("query", "cannot be read"))?;
        Ok(Self(values))
    }
}
