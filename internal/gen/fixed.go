package gen

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
}

"The proof of an accepted command."
type Receipt {
  commandId: ID!
  "Read with atLeast: this, to see what the command did."
  position: String!
  "The entity's version after the command."
  version: Int!
  events: [EventInfo!]!
  "The command had been accepted before; this is what it did then."
  duplicate: Boolean!
  "What the events survive: memory, fsync; none for a dry run."
  durability: String!
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
`

// eventInfo is the type that both halves have.
const eventInfo = `
"What happened."
type EventInfo {
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
}
`

// readTypes are the types of every read API.
const readTypes = `
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
