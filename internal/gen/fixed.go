package gen

// sharedQueries are the queries of both halves.
const sharedQueries = `  "The version of Daybook that serves this."
  daybook: String!
  "The states and transitions of an entity; null if there is no such entity."
  stateMachine(entity: String!): StateMachine
`

// writeQueries are the queries of every write API.
const writeQueries = `  "Commands that are kept until their time, the next to run first; of one entity with entity and id."
  scheduledCommands(entity: String, id: ID, first: Int = 50, after: String): [ScheduledCommand!]!
  "Commands that were rejected, the newest first, as many as the server keeps. after is the id of one of them."
  rejectedCommands(first: Int = 50, after: ID): [RejectedCommand!]!
  "Commands of reactions and timers that were not accepted: first those that wait to be resumed, each the newest first. after is the id of one of them."
  failedReactions(first: Int = 50, after: ID): [FailedReaction!]!
`

// writeMutations are the mutations that are no commands.
const writeMutations = `  "Forgets a command that is kept until its time. false: there is none; it may have run."
  cancelScheduledCommand(commandId: ID!): Boolean!
  "Runs a failed reaction's command again, as the same command, and forgets the failure if it is accepted."
  resumeReaction(id: ID!): ResumedReaction!
  "Forgets a failed reaction. false: there is none."
  discardReaction(id: ID!): Boolean!
`

// readQueries are the queries of every read API that belong to no entity.
const readQueries = `  "Any entity, by its nodeId."
  node(id: ID!, atLeast: Position, asOf: DateTime): Node
  "What led to an event, the first cause first and the event itself last: at most the last 100. It goes back as far as events are consolidated."
  causationOf(event: ID!, atLeast: Position): [EventInfo!]!
  "What happened to an entity, the newest first: to one that was deleted too."
  history(entity: String!, id: ID!, first: Int = 50, beforeVersion: Int, atLeast: Position, asOf: DateTime): [HistoryEntry!]!
`

// historyFields are the fields of every entity about its past.
const historyFields = `  "What happened to it, the newest first."
  history(first: Int = 50, beforeVersion: Int): [HistoryEntry!]!
  "The event that a field has its value from; of a copy it may be the other entity's. Null if the field was never set."
  changedBy(field: String!): HistoryEntry
`

// writeTypes are the types of every write API.
const writeTypes = `
"How a command is to be taken."
input CommandOptions {
  "Makes the command happen once, however often it is sent. The header Idempotency-Key means the same."
  id: ID
  "Reject the command if the entity is at another version."
  expectedVersion: Int
  "Answer as if, and write nothing."
  dryRun: Boolean
  "When it happened: for history that is imported, where the server allows that."
  occurredAt: DateTime
  "Keep the command and decide it then. A dry run is decided now. Not with occurredAt."
  runAt: DateTime
}

"The proof of an accepted command."
type Receipt {
  commandId: ID!
  "Read with atLeast: this, to see what the command did."
  position: Position!
  "The entity's version after the command; now, if the command is kept until runAt."
  version: Int!
  "Of a dry run: what would happen."
  events: [EventInfo!]!
  "The command had been accepted before; this is what it did then."
  duplicate: Boolean!
  "What the events survive: memory, fsync; none for a dry run."
  durability: String!
  "When the command will be decided; null if it was."
  runAt: DateTime
}

"Why a command was rejected."
type CommandError {
  code: CommandErrorCode!
  "The rule's own word."
  reason: String
  message: String!
  "The path of the argument at fault."
  field: String
  "The state that the entity is in."
  state: String
  "The commands that the state allows."
  allowed: [String!]!
}

"A command that is kept until its time."
type ScheduledCommand {
  commandId: ID!
  command: String!
  entity: String!
  "The entity's."
  id: ID!
  input: JSON
  actor: String
  runAt: DateTime!
  createdAt: DateTime!
  "Ask for what follows with after: this."
  cursor: String!
}

"A command that was rejected, as the server keeps it for people to read."
type RejectedCommand {
  id: ID!
  at: DateTime!
  command: String!
  entity: String!
  entityId: ID
  commandId: ID
  actor: String
  "Null if it was too large to keep."
  input: JSON
  error: CommandError!
  correlationId: String
  causationId: String
}

"A command of a reaction or of a timer that was not accepted."
type FailedReaction {
  id: ID!
  at: DateTime!
  "The reaction's name, or the timer's."
  reaction: String!
  "The id of the event that it reacts to; null for a scheduled command."
  event: ID
  status: FailedReactionStatus!
  "Null if the reaction failed before it led to one."
  command: String
  entity: String
  entityId: ID
  "Why it was rejected."
  error: CommandError
  "Why it failed."
  message: String
  tries: Int!
}

enum FailedReactionStatus {
  "Its command was rejected: nothing more happens."
  REJECTED
  "Its command failed too often, or too deep: it waits to be resumed."
  PARKED
}

"What became of a reaction's command that was run again."
type ResumedReaction {
  "Null if the command was rejected, if the reaction leads to none now, or if there is no such reaction."
  receipt: Receipt
  errors: [CommandError!]!
}
`

// sharedTypes are the types that both halves have.
const sharedTypes = `
"What happened."
type EventInfo {
  "Names the event: the entity and its version."
  eventId: ID!
  entity: String!
  id: ID!
  name: String!
  "The state before."
  from: String
  "The state after."
  to: String
  version: Int!
  at: DateTime!
  commandId: ID
  "Who did it. Null in receipts."
  actor: String
  "What all that one command led to has in common. Null in receipts."
  correlationId: String
  "What led to it: an event's id, if that was one. Null in receipts."
  causationId: String
}

"What a command would do now."
type PossibleCommand {
  "The mutation."
  name: String!
  "The state it leads to; null if it stays or deletes."
  to: String
  allowed: Boolean!
  "Why it is not allowed."
  code: CommandErrorCode
  "The rule's own word."
  reason: String
  message: String
  "Whether the rule, if there is one, was asked; a command that needs input may still be refused."
  asked: Boolean!
}

enum CommandErrorCode {
  "The entity is in a state that the command does not run in."
  INVALID_TRANSITION
  "A rule said no."
  RULE_VIOLATED
  "There is no such entity."
  NOT_FOUND
  "The id is taken."
  ALREADY_EXISTS
  "The entity is not at the expected version."
  VERSION_CONFLICT
  "Another entity has the value."
  NOT_UNIQUE
  "A referenced entity does not exist."
  REFERENCE_NOT_FOUND
  "The command id was used with another input."
  COMMAND_ID_REUSED
  "An argument is not acceptable."
  INVALID_INPUT
}

"An entity's states, and what leads from one to another."
type StateMachine {
  entity: String!
  "None for an entity without states."
  states: [StateInfo!]!
  "A command that runs in several states has one from each."
  transitions: [StateTransition!]!
  timeouts: [StateTimeout!]!
  "To the entity's events."
  reactions: [StateReaction!]!
  "As text for Mermaid."
  mermaid: String!
}

type StateInfo {
  name: String!
  description: String
  "Entities are made in it."
  initial: Boolean!
  "No command leads out of it."
  final: Boolean!
}

type StateTransition {
  command: String!
  event: String!
  "Null if it makes the entity, or if that has no states."
  from: String
  "Null if it deletes the entity, or if that has no states."
  to: String
  description: String
}

"A command that is run once an entity has been in a state for some time."
type StateTimeout {
  state: String!
  "Such as 30m or 14d."
  after: String!
  command: String!
}

"A command that is run after an event."
type StateReaction {
  event: String!
  command: String!
  "The entity that the command is for."
  entity: String!
  "The command that is run on the entity of the event if that one is rejected."
  orElse: String
}
`

// readTypes are the types of every read API.
const readTypes = `
"One event of an entity's history."
type HistoryEntry {
  event: EventInfo!
  "What it changed."
  changes: [FieldChange!]!
}

"A field before and after an event."
type FieldChange {
  field: String!
  "Of the element that changed, in a list whose elements have keys; null if it is about the whole field."
  key: ID
  "Null if there was nothing."
  before: JSON
  after: JSON
}

type PageInfo {
  hasNextPage: Boolean!
  hasPreviousPage: Boolean!
  startCursor: String
  endCursor: String
}

enum SortDirection {
  ASC
  DESC
}

enum ChangeType {
  "It matched when the subscription began."
  SNAPSHOT
  "The snapshot is complete; what follows happens now."
  LIVE
  "It matches now and did not before."
  ENTERED
  "It matched before and does now."
  UPDATED
  "It matched before and does not now."
  LEFT
  "It matched before and is no more."
  DELETED
  "Changes were missed: read again."
  RESYNC
}
`
