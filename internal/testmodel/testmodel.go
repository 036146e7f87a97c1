// Package testmodel has models that several packages' tests work with.
package testmodel

// Machine has everything that entities may have to do with each other, and with time.
const Machine = `
type Hall @entity @crud { id: ID! name: String! @unique(ignoreCase: true) seats: Int! }

type Show @entity(with: "hall") @timeout(in: OPEN, after: "30m", run: "closeShow") {
  id: ID!
  status: ShowStatus! @state
  hall: Hall! @ref
  title: String!
  day: Date! @unique(with: ["hall"])
  left: Int
  guests: [Guest!]
}

type Guest { guest: ID! @key name: String! hall: Hall @ref note: String }

type Visit @entity { id: ID! status: VisitStatus! @state show: Show! @ref(in: [OPEN, RUNNING]) }

enum ShowStatus { OPEN RUNNING CLOSED }
enum VisitStatus { PLANNED DONE }

extend type Mutation {
  takeSeats(id: ID!, n: Int!): Hall! @transition(emits: "SeatsTaken")
  openShow(hall: ID!, title: String!, day: Date!, guests: [GuestInput!]): Show! @transition(to: OPEN, emits: "ShowOpened")
  reopenShow(id: ID!): Show! @transition(from: [OPEN, CLOSED], to: OPEN, emits: "ShowReopened")
  runShow(id: ID!): Show! @transition(from: [OPEN], to: RUNNING, emits: "ShowRun")
  titleShow(id: ID!, title: String!): Show! @transition(from: [OPEN], emits: "ShowTitled")
  closeShow(id: ID!): Show! @transition(from: [OPEN, RUNNING], to: CLOSED, emits: "ShowClosed")
  dropShow(id: ID!): Show! @transition(from: [OPEN, RUNNING, CLOSED], deletes: true, emits: "ShowDropped")
  inviteGuest(id: ID!, guest: GuestInput! @append(to: "guests")): Show! @transition(from: [OPEN], emits: "GuestInvited")
  inviteGuests(id: ID!, invited: [GuestInput!]! @append(to: "guests")): Show! @transition(from: [OPEN], emits: "GuestsInvited")
  changeGuest(id: ID!, guest: GuestPatch! @update(in: "guests")): Show! @transition(from: [OPEN], emits: "GuestChanged")
  removeGuest(id: ID!, guest: ID! @remove(from: "guests")): Show! @transition(from: [OPEN], emits: "GuestRemoved")
  planVisit(show: ID!): Visit! @transition(to: PLANNED, emits: "VisitPlanned")
  endVisit(id: ID!): Visit! @transition(from: [PLANNED], to: DONE, emits: "VisitEnded")
  moveVisit(id: ID!, show: ID!): Visit! @transition(from: [PLANNED], emits: "VisitMoved")
}
`
