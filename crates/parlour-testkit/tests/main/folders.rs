//! Folders that a server must not use.

use parlour_protocol::Encoding;
use parlour_testkit::{Server, World};

use crate::support::{launch, server};

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_a_clear_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "no folder").unwrap();
    for data in [file.clone(), file.join("data")] {
        let (status, said) = launch(&data).run_to_end().await.unwrap();
        assert_eq!(status.code(), Some(1), "{said}");
        let sentence = format!("the data folder {} cannot be written", data.display());
        assert!(said.contains(&sentence), "{said}");
        assert!(!said.contains("panicked"), "{said}");
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "no folder");
}

#[tokio::test]
async fn a_file_of_another_program_is_left_alone() {
    let (_folder, launch) = server();
    std::fs::create_dir_all(&launch.data).unwrap();
    let file = launch.data.join("parlour.db");
    let text = "this is a diary, not a database\n".repeat(64);
    std::fs::write(&file, &text).unwrap();
    let (status, said) = launch.run_to_end().await.unwrap();
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(
        said.contains("is damaged or not a Parlour database"),
        "{said}"
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
}

#[tokio::test]
async fn a_second_process_on_the_same_folder_is_refused() {
    let (_folder, launch) = server();
    let mut first = Server::start(launch.clone()).await.unwrap();
    let (status, said) = launch.run_to_end().await.unwrap();
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(
        said.contains("is in use by another Parlour process"),
        "{said}"
    );
    // The first goes on as if nothing had happened.
    World::new(first.url())
        .register("ann", Encoding::Json)
        .await
        .unwrap();
    first.terminate().await.unwrap();
}

#[tokio::test]
async fn a_folder_is_free_again_after_a_kill() {
    let (_folder, launch) = server();
    let mut server = Server::start(launch).await.unwrap();
    server.kill_9().await.unwrap();
    server.start_again().await.unwrap();
    server.terminate().await.unwrap();
}
