//! Lifts protection, as a run of its own: the two-step way to delete or replace what must not go by mistake.

use std::collections::BTreeSet;

use super::address::Address;
use super::deployment::{Aim, Deployment, Report, RunError};
use super::journal::Journal;
use super::plan::{Observations, Plan};
use super::planner::{ProtectedResource, protected};

impl<C: Send + Sync + 'static, J: Journal> Deployment<C, J> {
    /// Everything that is protected now, with what protects it.
    pub async fn protected(&mut self) -> Result<Vec<ProtectedResource>, RunError> {
        self.resolve().await?;
        let seen = self.observe().await?;
        Ok(protected(&self.state, &seen, &self.registry.rules())?)
    }

    /// Works out how the protection of these is lifted.
    pub async fn plan_release(&mut self, of: &BTreeSet<Address>) -> Result<(Plan, Observations), RunError> {
        self.plan_for(&Aim::Release(of)).await
    }

    /// Carries out such a plan, with the same care as any other.
    pub async fn release(
        &mut self,
        of: &BTreeSet<Address>,
        approved: &Plan,
        seen: &Observations,
    ) -> Result<Report, RunError> {
        self.carry_out(&Aim::Release(of), approved, seen).await
    }
}
