/**
 * What one may do with a member of a group. The server decides; this only keeps the page from offering what it would refuse.
 */
import type { ChatSummary, Id, Member, Role } from "parlour-client";

export interface MemberRights {
  promote: boolean;
  demote: boolean;
  handOver: boolean;
  remove: boolean;
}

const rank: Readonly<Record<Role, number>> = { member: 0, admin: 1, owner: 2 };

export function memberRights(chat: Pick<ChatSummary, "type" | "role">, member: Pick<Member, "user" | "role">, me: Id): MemberRights {
  const isOther = chat.type === "group" && member.user !== me;
  const isOwner = isOther && chat.role === "owner";
  return {
    promote: isOwner && member.role === "member",
    demote: isOwner && member.role === "admin",
    handOver: isOwner,
    remove: isOther && chat.role !== "member" && rank[member.role] < rank[chat.role],
  };
}
