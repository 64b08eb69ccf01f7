//! The users of a scenario, and the hands that do for them by plain REST what no client library is tested for.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, ensure};
use parlour_testkit::scripted::Values;
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse battery";

/// Everybody in a scenario.
#[derive(Debug, Default)]
pub(crate) struct People {
    http: reqwest::Client,
    /// The names they log in with; those of a scenario are not unique on a node.
    names: BTreeMap<String, String>,
    ids: BTreeMap<String, Value>,
    /// Access tokens of sessions of their own, beside those of the devices.
    tokens: BTreeMap<String, String>,
}

impl People {
    /// Of a scripted server, which takes anybody.
    pub(crate) fn scripted() -> Self {
        Self::default()
    }

    /// New users of a real node.
    pub(crate) async fn registered(
        url: &str,
        users: impl Iterator<Item = &String>,
    ) -> anyhow::Result<Self> {
        let mut people = Self::default();
        for user in users.collect::<BTreeSet<_>>() {
            let name = format!("{user}_{:x}", rand::random::<u64>());
            let body = json!({"username": name, "password": PASSWORD, "device": "hands"});
            let request = people.http.post(format!("{url}/api/v1/auth/register"));
            let answer: Value = request.json(&body).send().await?.json().await?;
            let token = answer["access_token"].as_str().context("no token")?;
            people.tokens.insert(user.clone(), token.to_owned());
            people
                .ids
                .insert(user.clone(), answer["user"]["id"].clone());
            people.names.insert(user.clone(), name);
        }
        Ok(people)
    }

    /// The name and password of a user.
    pub(crate) fn credentials(&self, user: &str) -> (String, &'static str) {
        let name = self.names.get(user).cloned();
        (name.unwrap_or_else(|| user.to_owned()), PASSWORD)
    }

    /// `$ann` is her id.
    pub(crate) fn introduce(&self, values: &mut Values) {
        for (user, id) in &self.ids {
            values.set(user, id.clone());
        }
    }

    /// Does `step` (`{by, request, body?, status, answer?}`) at the node and learns from the answer.
    pub(crate) async fn call(
        &self,
        url: &str,
        step: &Value,
        values: &mut Values,
    ) -> anyhow::Result<()> {
        let text = |field: &str| step[field].as_str().context("a text is missing");
        let request = values.fill(&step["request"]).map_err(anyhow::Error::msg)?;
        let (method, path) = request
            .as_str()
            .and_then(|line| line.split_once(' '))
            .context("no request")?;
        let token = self.tokens.get(text("by")?).context("nobody")?;
        let method = reqwest::Method::from_bytes(method.as_bytes())?;
        let mut request = self.http.request(method, format!("{url}{path}"));
        if !step["body"].is_null() {
            let body = values.fill(&step["body"]).map_err(anyhow::Error::msg)?;
            request = request.json(&body);
        }
        let response = request.bearer_auth(token).send().await?;
        let status = response.status().as_u16();
        let bytes = response.bytes().await?;
        let answer: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        ensure!(step["status"] == status, "status {status}: {answer}");
        if step["answer"].is_null() {
            return Ok(());
        }
        let learned = values.learn(&step["answer"], &answer);
        learned.map_err(anyhow::Error::msg)
    }
}
