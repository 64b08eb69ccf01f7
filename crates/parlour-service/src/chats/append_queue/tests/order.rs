//! An author's events keep their order, whatever becomes of the tries before.

use parlour_store::ChatLog;

use super::*;

/// One home may have made two batches of what it was asked for: of the first it says that the rights have changed, and of
/// the second nothing, although it is stored.
#[tokio::test(start_paused = true)]
async fn what_is_authorized_again_stays_before_what_is_in_doubt() {
    let lab = Lab::hot().await;
    let (one, two) = (message(user(1), "one"), message(user(1), "two"));
    lab.log.append(chat(), vec![two.clone()]).await;
    lab.log.raise_epoch();
    let refused = one.key;
    lab.home().says(move |draft| {
        Ok(if draft.key == refused {
            HomeOutcome::RightsChanged
        } else {
            HomeOutcome::Unknown { applied: None }
        })
    });
    let waiting = [lab.submit(one.clone()), lab.submit(two.clone())];
    for waiting in waiting {
        answer(waiting).await.unwrap();
    }
    let asked = lab.home().asked.lock().unwrap();
    let keys = |drafts: &Vec<Draft>| drafts.iter().map(|draft| draft.key).collect();
    let asked: Vec<Vec<EventKey>> = asked.iter().map(keys).collect();
    assert_eq!(
        asked,
        [vec![one.key, two.key], vec![one.key], vec![two.key]]
    );
    assert_eq!(
        *lab.recorder.authorized.lock().unwrap(),
        [user(1)],
        "what is in doubt goes as it is"
    );
}
