//! Plays the client's part of a scenario: does what it says and waits for what it awaits.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, bail};
use parlour_protocol::Encoding;
use parlour_testkit::scripted::{Scenario, Values};
use serde_json::{Value, json};

use crate::device::Device;
use crate::people::People;

/// How long a client may take for what an `await` wants.
const PATIENCE: Duration = Duration::from_secs(30);
/// The chat of scripted scenarios, which is not named in them.
const CHAT: &str = "9";

/// A run of one scenario.
pub(crate) struct Runner {
    url: String,
    people: People,
    users: BTreeMap<String, String>,
    devices: BTreeMap<String, Device>,
    values: Values,
    /// By the name a scenario gave them, the keys of sends.
    keys: BTreeMap<String, Value>,
}

impl Runner {
    pub(crate) fn new(
        scenario: &Scenario,
        url: String,
        encoding: Encoding,
        people: People,
    ) -> Self {
        let mut values = Values::default();
        people.introduce(&mut values);
        let names = scenario.devices.keys();
        let devices = names.map(|name| (name.clone(), Device::new(url.clone(), encoding)));
        Self {
            devices: devices.collect(),
            users: scenario.devices.clone(),
            keys: BTreeMap::new(),
            url,
            people,
            values,
        }
    }

    pub(crate) async fn run(&mut self, steps: &[Value]) -> anyhow::Result<()> {
        for (place, step) in steps.iter().enumerate() {
            let done = tokio::time::timeout(PATIENCE, self.step(step)).await;
            let done = done.unwrap_or_else(|_| bail!("it did not happen; {}", self.shown(step)));
            done.with_context(|| format!("step {} of the client, {step}", place + 1))?;
        }
        Ok(())
    }

    pub(crate) async fn stop_all(&mut self) {
        for device in self.devices.values_mut() {
            device.stop().await;
        }
    }

    /// The step with everything that it may leave out.
    fn completed(&self, step: &Value) -> Value {
        let mut step = step.clone();
        for (name, usual) in [("device", "ann"), ("chat", CHAT)] {
            if step.get(name).is_none() {
                step[name] = json!(usual);
            }
        }
        if let Some(key) = step["of"].as_str().and_then(|name| self.keys.get(name)) {
            step["of"] = key.clone();
        }
        step
    }

    async fn step(&mut self, step: &Value) -> anyhow::Result<()> {
        let mut step = self.completed(step);
        if step["do"] == "rest" {
            return self.people.call(&self.url, &step, &mut self.values).await;
        }
        let name = step["device"].as_str().unwrap_or_default().to_owned();
        let device = self.devices.get_mut(&name).context("no such device")?;
        let user = self.users[&name].clone();
        if let Some(what) = step["do"].as_str().map(str::to_owned) {
            if what == "history" {
                let wanted = step["page"].take();
                let step = self.values.fill(&step).map_err(anyhow::Error::msg)?;
                let page = device.history(&step).await?;
                return self
                    .values
                    .learn(&wanted, &page)
                    .map_err(anyhow::Error::msg);
            }
            let step = self.values.fill(&step).map_err(anyhow::Error::msg)?;
            let who = self.people.credentials(&user);
            return act(device, &what, &step, who).await.map(|key| {
                if let (Some(key), Some(name)) = (key, step["as"].as_str()) {
                    self.keys.insert(name.to_owned(), key);
                }
            });
        }
        let wanted = about(&step, &self.values)?;
        while !is_so(device, &wanted, &mut self.values)? {
            device.listen().await?;
        }
        Ok(())
    }

    /// For people: what the device showed at the end of all patience.
    fn shown(&self, step: &Value) -> String {
        let step = self.completed(step);
        let device = step["device"]
            .as_str()
            .and_then(|name| self.devices.get(name));
        device.map_or_else(String::new, Device::told)
    }
}

/// Does one thing on a device; gives the key of a send.
async fn act(
    device: &mut Device,
    what: &str,
    step: &Value,
    (name, password): (String, &str),
) -> anyhow::Result<Option<Value>> {
    match what {
        "start" => device.start(&name, password).await?,
        "log_in" => device.log_in(&name, password).await?,
        "stop" => device.stop().await,
        "network" => device.put_network().await?,
        "offline" => device.set_online(false)?,
        "online" => device.set_online(true)?,
        "send" | "edit" | "delete" | "react" => return device.post(what, step).await.map(Some),
        _ => device.act(what, step).await?,
    }
    Ok(None)
}

/// The step with what it is about filled in; what it wants may still hold names that stand for nothing.
fn about(step: &Value, values: &Values) -> anyhow::Result<Value> {
    let mut step = step.clone();
    for name in ["chat", "user", "of"] {
        if step.get(name).is_some() {
            step[name] = values.fill(&step[name]).map_err(anyhow::Error::msg)?;
        }
    }
    Ok(step)
}

/// Whether what a step awaits is the case now.
fn is_so(device: &mut Device, step: &Value, values: &mut Values) -> anyhow::Result<bool> {
    if step["await"] == "shows" {
        return Ok(values.learn(&step["lines"], &device.shows(step)?).is_ok());
    }
    let mut wanted = step.clone();
    let members = wanted.as_object_mut().context("a step is an object")?;
    for name in ["device", "await", "chat", "user", "of", "next"] {
        members.remove(name);
    }
    let mut notices = device.notices_for(step);
    let found = notices
        .iter()
        .position(|notice| values.learn(&wanted, &notice.says).is_ok());
    if step["next"] == true && found != Some(0) && !notices.is_empty() {
        bail!("instead: {}", notices[0].says);
    }
    for notice in notices.iter_mut().take(found.map_or(0, |place| place + 1)) {
        notice.is_past = true;
    }
    Ok(found.is_some())
}
