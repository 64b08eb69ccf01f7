//! Who coordinates conditional writes: for one partition always the same replica, as long as it lives.
//!
//! Coordinators that write to one partition at once compete by Paxos, and make each other's rounds fail. The driver keeps
//! the order of replicas for serial reads, and for single statements that the store calls transactions; a batch it sends to
//! any replica, and commits are batches.

use std::sync::Arc;
use std::time::Duration;

use scylla::cluster::{ClusterState, NodeRef};
use scylla::errors::RequestAttemptError;
use scylla::policies::load_balancing::{FallbackPlan, LoadBalancingPolicy, RoutingInfo};
use scylla::routing::Shard;

/// A policy that treats every request as a transaction.
#[derive(Debug)]
pub(super) struct AsTransactions(pub(super) Arc<dyn LoadBalancingPolicy>);

impl LoadBalancingPolicy for AsTransactions {
    fn pick<'a>(
        &'a self,
        request: &'a RoutingInfo<'_>,
        cluster: &'a ClusterState,
    ) -> Option<(NodeRef<'a>, Option<Shard>)> {
        let request = transaction(request);
        let (node, shard) = self.0.pick(&request, cluster)?;
        // The same node: what the policy answers lives no longer than the request that it was asked with.
        Some((cluster.get_node_by_host_id(node.host_id)?, shard))
    }

    /// Asked for only after the first choice: it may allocate.
    fn fallback<'a>(
        &'a self,
        request: &'a RoutingInfo<'_>,
        cluster: &'a ClusterState,
    ) -> FallbackPlan<'a> {
        let request = transaction(request);
        let plan = self.0.fallback(&request, cluster);
        let plan: Vec<_> = plan
            .filter_map(|(node, shard)| Some((cluster.get_node_by_host_id(node.host_id)?, shard)))
            .collect();
        Box::new(plan.into_iter())
    }

    fn on_request_success(&self, request: &RoutingInfo<'_>, latency: Duration, node: NodeRef<'_>) {
        self.0.on_request_success(request, latency, node);
    }

    fn on_request_failure(
        &self,
        request: &RoutingInfo<'_>,
        latency: Duration,
        node: NodeRef<'_>,
        error: &RequestAttemptError,
    ) {
        self.0.on_request_failure(request, latency, node, error);
    }

    fn name(&self) -> String {
        format!("{} for transactions", self.0.name())
    }
}

fn transaction<'a>(request: &RoutingInfo<'a>) -> RoutingInfo<'a> {
    let mut request = request.clone();
    request.is_confirmed_lwt = true;
    request
}

#[cfg(test)]
mod tests {
    use scylla::frame::response::result::TableSpec;
    use scylla::policies::load_balancing::Plan;
    use scylla::routing::Token;
    use scylla::statement::Consistency;
    use uuid::Uuid;

    use super::super::profiles::{Kind, routing};
    use super::*;
    use crate::fixture;
    use crate::fixture::ring::Ring;

    /// Enough for a random order of three to show, with every node as the first.
    const ROUNDS: i64 = 40;

    /// The nodes in the order in which a request of this kind for a token goes to them.
    fn order(kind: Kind, token: Token, ring: &Ring) -> Vec<Uuid> {
        let table = TableSpec::owned(ring.keyspace(), "any".to_owned());
        let mut request = RoutingInfo::default();
        request.consistency = Consistency::LocalQuorum;
        request.token = Some(token);
        request.table = Some(&table);
        let (policy, cluster) = (routing(kind), ring.cluster());
        let plan = Plan::new(policy.as_ref(), &request, &cluster);
        plan.map(|(node, _)| node.host_id).collect()
    }

    #[tokio::test]
    async fn conditional_writes_of_a_partition_have_one_order_of_coordinators() {
        let Some(host) = fixture::host() else { return };
        let ring = Ring::of_three(&host).await;
        let mut firsts = std::collections::BTreeSet::new();
        // Wherever a node's own tokens lie: each of them is one for which that node comes first.
        for token in ring.tokens() {
            let replicas = ring.replicas(token);
            assert_eq!(replicas.len(), 3);
            firsts.insert(replicas[0]);
            for _ in 0..8 {
                assert_eq!(order(Kind::Conditional, token, &ring), replicas);
            }
        }
        assert_eq!(firsts.len(), 3, "the work is shared between partitions");
        let token = Token::new(0);
        let first_of_others = |_| order(Kind::Write, token, &ring)[0];
        let others: std::collections::BTreeSet<_> = (0..ROUNDS).map(first_of_others).collect();
        assert_eq!(others.len(), 3, "other writes go to all replicas");
        ring.end().await;
    }
}
