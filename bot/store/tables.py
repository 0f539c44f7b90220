"""Every table, in the order a request meets them. No column holds PHI in clear text: content is `sealed` (AES-GCM).

Times are UTC. Ids are random. `client_id` is the EHR's opaque id. The same schema serves SQLite and PostgreSQL.
"""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    TypeDecorator,
    UniqueConstraint,
)


class UtcTime(TypeDecorator[datetime]):
    """A timezone-aware UTC datetime; SQLite forgets zones, so it is put back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a time without a zone reached the database")
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


metadata = MetaData()

aliases = Table(
    "aliases",
    metadata,
    Column("alias", String(32), primary_key=True),
    Column("client_id", String(128), nullable=False, unique=True),
)

requests = Table(
    "requests",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("key", String(255), nullable=False, unique=True),  # the platform's delivery id
    Column("skill", String(64), nullable=False),
    Column("staff_id", String(64), nullable=False),
    Column("who", JSON, nullable=False),
    Column("place", JSON, nullable=False),
    Column("words", LargeBinary, nullable=False),  # sealed: what was typed after the command's name
    Column("client_id", String(128)),
    Column("to_staff", String(64)),
    Column("state", String(32), nullable=False),  # received picking reading drafted refused
    Column("reason", String(64)),
    Column("options", LargeBinary),  # sealed: what the picker offered
    Column("draft_id", String(32)),
    Column("created_at", UtcTime, nullable=False),
)

drafts = Table(
    "drafts",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("request_id", String(32), ForeignKey("requests.id"), nullable=False, unique=True),
    Column("skill", String(64), nullable=False),
    Column("alias", String(32), nullable=False),
    Column("client_id", String(128), nullable=False),
    Column("team", String(64), nullable=False),
    Column("asked_by", String(64), nullable=False),
    Column("to_staff", String(64)),
    Column("state", String(32), nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("reason", LargeBinary),  # sealed: why rejected, blocked or recalled, in a person's words
    Column("trouble", String(64)),  # code of what went wrong last, never text
    Column("decided_by", String(64)),
    Column("decided_at", UtcTime),
    Column("filed_at", UtcTime),
    Column("accept_by", UtcTime),
    Column("accepted_by", String(64)),
    Column("accepted_at", UtcTime),
    Column("returned_at", UtcTime),
    Column("recalled_by", String(64)),
    Column("recalled_at", UtcTime),
    Column("expires_at", UtcTime, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
)

draft_versions = Table(
    "draft_versions",
    metadata,
    Column("draft_id", String(32), ForeignKey("drafts.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("facts", LargeBinary),  # sealed, purged when filed or expired
    Column("text", LargeBinary),  # sealed, purged when filed or expired
    Column("base", LargeBinary),  # sealed: the text before a person edited it
    Column("changes", LargeBinary),  # sealed: what changed in the chart since the version before
    Column("sources", LargeBinary),  # sealed: resource reference -> version
    Column("unread", JSON, nullable=False),  # names of sections that could not be read this time
    Column("content_hash", String(64), nullable=False),
    Column("consent_hash", String(64), nullable=False),
    Column("policy_version", String(32), nullable=False),
    Column("made_by", String(64), nullable=False),
    Column("how", JSON),  # template or model, and why: codes, names and counts; None in versions of before it was kept
    Column("created_at", UtcTime, nullable=False),
)

model_calls = Table(  # what a model was asked and what it answered, both without identities, and what it cost
    "model_calls",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("request_id", String(32), nullable=False, index=True),
    Column("skill", String(64), nullable=False),
    Column("provider", String(32), nullable=False),
    Column("model", String(128), nullable=False),
    Column("prompt_version", String(64), nullable=False),
    Column("prompt_hash", String(64)),
    Column("outcome", String(32), nullable=False, index=True),  # sent, worded, or the code of what went wrong
    Column("prompt_tokens", Integer, nullable=False, default=0),
    Column("completion_tokens", Integer, nullable=False, default=0),
    Column("cost", Float, nullable=False, default=0.0),  # by the prices in the settings
    Column("prompt", LargeBinary),  # sealed: as it was sent; purged when its retention is over
    Column("completion", LargeBinary),  # sealed: as it came, before names were put back; purged with the prompt
    Column("tags", LargeBinary),  # sealed: what each tag stands for; purged with the draft
    Column("at", UtcTime, nullable=False),
)

exchanges = Table(  # read-backs, questions and answers between sender and receiver
    "exchanges",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("draft_id", String(32), ForeignKey("drafts.id"), nullable=False, index=True),
    Column("kind", String(16), nullable=False),  # read_back question answer
    Column("staff_id", String(64), nullable=False),
    Column("words", LargeBinary, nullable=False),  # sealed
    Column("at", UtcTime, nullable=False),
)

cards = Table(
    "cards",
    metadata,
    Column("key", String(255), primary_key=True),  # our id of the posted message
    Column("draft_id", String(32), ForeignKey("drafts.id"), nullable=False, index=True),
    Column("platform", String(16), nullable=False),
    Column("tenant", String(128), nullable=False),
    Column("conversation", String(255), nullable=False),  # "" until the one-to-one conversation is known
    Column("thread", String(255)),
    Column("to_staff", String(64)),  # set when it stands in one person's own conversation
    Column("message", String(255)),  # None until posted
    Column("dead", Boolean, nullable=False, default=False),
)

reviews = Table(  # who has seen the whole of which version
    "reviews",
    metadata,
    Column("draft_id", String(32), ForeignKey("drafts.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("staff_id", String(64), primary_key=True),
    Column("at", UtcTime, nullable=False),
)

receipts = Table(
    "receipts",
    metadata,
    Column("key", String(255), primary_key=True),
    Column("draft_id", String(32), ForeignKey("drafts.id"), nullable=False, index=True),
    Column("step", String(64), nullable=False),
    Column("ref", String(255), nullable=False),
    Column("version", String(64)),
    Column("op", String(16), nullable=False),
    Column("sent_hash", String(64), nullable=False),
    Column("readback_hash", String(64), nullable=False),
    Column("at", UtcTime, nullable=False),
)

break_glass = Table(
    "break_glass",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("staff_id", String(64), nullable=False),
    Column("client_id", String(128), nullable=False),
    Column("reason", LargeBinary, nullable=False),  # sealed
    Column("since", UtcTime, nullable=False),
    Column("until", UtcTime, nullable=False),
    Index("ix_break_glass_staff_client", "staff_id", "client_id"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("kind", String(64), nullable=False),
    Column("ref", String(255), nullable=False),  # ids only, never PHI
    Column("lane", String(128), nullable=False),
    Column("dedup", String(255), unique=True),
    Column("state", String(16), nullable=False),  # due running done dead
    Column("due", Float, nullable=False),  # seconds since the epoch, by the database's clock
    Column("attempt", Integer, nullable=False, default=0),
    Column("lease_until", Float),
    Column("lease_by", String(64)),
    Column("error", String(128)),  # exception class, HTTP status or our own code
    Column("created", Float, nullable=False),
    Column("finished", Float),
    Index("ix_jobs_claim", "state", "lane", "due"),
)

audit_head = Table(  # one row: the chain's end, so that a removed tail is noticed
    "audit_head",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
)

audit_events = Table(
    "audit_events",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("event_id", String(32), nullable=False, unique=True),
    Column("at", String(40), nullable=False),  # ISO 8601 UTC, as hashed
    Column("action", String(64), nullable=False, index=True),
    Column("subject", String(128), index=True),  # the draft, request or other object it is about
    Column("body", String, nullable=False),  # canonical JSON of the whole event, as hashed
    Column("prev_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)

conversations = Table(
    "conversations",
    metadata,
    Column("platform", String(16), primary_key=True),
    Column("tenant", String(128), primary_key=True),
    Column("conversation", String(255), primary_key=True),
    Column("personal_of", String(128)),
    Column("address", JSON, nullable=False),
    Column("dead", Boolean, nullable=False, default=False),
    Index("ix_conversations_personal", "platform", "tenant", "personal_of"),
)

web_messages = Table(
    "web_messages",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("message", String(64), nullable=False, unique=True),  # the opaque id that pages carry
    Column("key", String(255), nullable=False),
    Column("tenant", String(128), nullable=False),
    Column("conversation", String(255), nullable=False),
    Column("to_user", String(128)),  # None: everyone in the conversation
    Column("author", String(128)),  # None: the bot
    Column("view", LargeBinary, nullable=False),  # sealed
    Column("posted_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    UniqueConstraint("key"),
    Index("ix_web_messages_conversation", "conversation", "id"),
)

slots = Table(  # the calendar: which wall time of which job was taken, and by whom
    "slots",
    metadata,
    Column("job", String(64), primary_key=True),
    Column("slot", String(32), primary_key=True),  # local wall time, "" for the moment a job was first heard of
    Column("at", Float, nullable=False),  # when that wall time is, seconds since the epoch
    Column("state", String(16), nullable=False),  # begun fired skipped
    Column("fired_at", Float, nullable=False),  # by the database's clock
    Column("late_s", Float, nullable=False),
    Column("replica", String(64), nullable=False),
    Index("ix_slots_job_at", "job", "at"),
)

inbox = Table(  # what people did, kept before it is acknowledged
    "inbox",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("source", String(16), nullable=False),  # slack teams web ehr
    Column("key", String(128), nullable=False, unique=True),  # a hash of the platform's own id of the delivery
    Column("kind", String(64), nullable=False),  # typed, or the action that was pressed
    Column("state", String(16), nullable=False),  # received done failed ignored
    Column("received", Float, nullable=False),  # by the database's clock
    Column("due", Float, nullable=False),  # when somebody else may take it on, if it is not handled by then
    Column("finished", Float),
    Column("attempts", Integer, nullable=False),
    Column("body", LargeBinary),  # sealed; purged once it was handled
    Column("answer", LargeBinary),  # sealed: what a repeated delivery is answered with; purged with the body
    Index("ix_inbox_state", "state", "due"),
)

disclosures = Table(  # what went to whom: kept for the accounting (45 CFR 164.528: six years)
    "disclosures",
    metadata,
    Column("key", String(255), primary_key=True),  # of the write that sent it
    Column("client_id", String(128), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("basis", String(32), nullable=False),
    Column("purpose", String(32), nullable=False),
    Column("part2", Boolean, nullable=False),
    Column("details", LargeBinary, nullable=False),  # sealed: recipient, address, description, purpose in words
    Column("draft_id", String(32)),
    Column("consents", JSON, nullable=False),  # references and versions it rests on
    Column("output_hash", String(64)),
    Column("made_by", String(64), nullable=False),
    Index("ix_disclosures_client", "client_id", "at"),
)

schema_revisions = Table(  # what migrations/ has done to this database
    "schema_revisions",
    metadata,
    Column("revision", String(32), primary_key=True),
    Column("phase", String(16), nullable=False),  # expand contract
    Column("applied_at", UtcTime, nullable=False),
)

escalations = Table(
    "escalations",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),  # E-17 is number 17
    Column("alias", String(32), nullable=False),
    Column("client_id", String(128), nullable=False, index=True),  # "" for a drill
    Column("team", String(64), nullable=False),
    Column("treating", JSON, nullable=False),  # staff ids, where whoever opened it knew them
    Column("drill", Boolean, nullable=False),
    Column("tier", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("turn", Integer, nullable=False),
    Column("owner", String(64)),
    Column("due_at", UtcTime),  # when something happens next; None when closed
    Column("standing", JSON, nullable=False),  # the whole state of the machine, its frozen policy included
    Column("opened_at", UtcTime, nullable=False),
    Column("acknowledged_at", UtcTime),
    Column("updated_at", UtcTime, nullable=False),
    Index("ix_escalations_due", "state", "due_at"),
)

escalation_signals = Table(  # what opened it, and what was added while it was open
    "escalation_signals",
    metadata,
    Column("key", String(64), primary_key=True),  # a hash of what the signal is known by
    Column("escalation", Integer, ForeignKey("escalations.number"), nullable=False, index=True),
    Column("kind", String(64), nullable=False),
    Column("tier", String(16), nullable=False),
    Column("signal", LargeBinary, nullable=False),  # sealed: what it says, with its source
    Column("at", UtcTime, nullable=False),
)

escalation_events = Table(  # everything that happened to it, in order
    "escalation_events",
    metadata,
    Column("escalation", Integer, ForeignKey("escalations.number"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(32), nullable=False),
    Column("staff_id", String(64)),
    Column("at", UtcTime, nullable=False),
    Column("body", JSON, nullable=False),  # codes, ids and counts
    Column("words", LargeBinary),  # sealed: what a person said or filled in
)

escalation_pages = Table(  # one page to one person by one way
    "escalation_pages",
    metadata,
    Column("key", String(160), primary_key=True),
    Column("escalation", Integer, ForeignKey("escalations.number"), nullable=False, index=True),
    Column("epoch", Integer, nullable=False),
    Column("label", String(64), nullable=False),
    Column("staff_id", String(64)),  # None: to a channel
    Column("channel", String(64)),  # the clinic file's id of it
    Column("way", String(16), nullable=False),
    Column("state", String(16), nullable=False),  # due late sent undelivered stopped
    Column("reason", String(64)),
    Column("ref", String(255)),  # the provider's own id
    Column("place", JSON),  # where it stands in chat, to be redrawn
    Column("attempts", Integer, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("settled_at", UtcTime),
    Index("ix_escalation_pages_ref", "ref"),
)

crisis_watches = Table(  # one row: what the auditor found when it looked last
    "crisis_watches",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("looked_at", UtcTime, nullable=False),
    Column("passed_at", UtcTime),
    Column("findings", JSON, nullable=False),  # code -> count, of the last look
    Column("repaired", Integer, nullable=False),  # ever
)

crisis_looks = Table(  # one row: how far the EHR was searched for changes that may be signals
    "crisis_looks",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("begun_at", UtcTime, nullable=False),
    Column("seen_up_to", UtcTime, nullable=False),
    Column("passed_over", Integer, nullable=False),  # charts that changed and are in the care of no team of ours
)

crisis_reads = Table(  # charts that changed and wait to be read for signals
    "crisis_reads",
    metadata,
    Column("client_id", String(128), primary_key=True),
    Column("asked_at", UtcTime, nullable=False),
)

conflicts = Table(  # what a rule found in a chart, once for each prescriber and each change of its sources
    "conflicts",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("client_id", String(128), nullable=False),
    Column("staff_id", String(64), nullable=False),
    Column("key", String(64), nullable=False),  # of the finding: rule, ingredients, versions of its sources
    Column("draft_id", String(32), ForeignKey("drafts.id"), nullable=False, index=True),  # for which it was looked
    Column("finding", LargeBinary),  # sealed; purged once it is answered
    Column("part2", Boolean, nullable=False),  # protected records were read for it
    Column("reason", String(32)),  # why it is overridden; None: not answered
    Column("found_at", UtcTime, nullable=False),
    Column("answered_at", UtcTime),
    UniqueConstraint("client_id", "staff_id", "key"),
)

digests = Table(  # one for each team, kind and period, whoever makes it; and one for each time a person asks
    "digests",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("team", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("period", String(64), nullable=False),  # the wall time of its slot; of one that was asked for, the delivery
    Column("state", String(16), nullable=False),  # due made delivered quiet skipped
    Column("due_at", UtcTime, nullable=False),
    Column("since", UtcTime),  # what it covers: from, to
    Column("until", UtcTime),
    Column("complete", Boolean, nullable=False),  # False: some could not be read, and is read again next time
    Column("content", LargeBinary),  # sealed; purged when it is old
    Column("counts", JSON, nullable=False),  # of lines by their kind, clients, round trips
    Column("reason", String(64)),  # why it was late or skipped
    Column("asked_by", String(64)),
    Column("settled_at", UtcTime),
    UniqueConstraint("team", "kind", "period"),
    Index("ix_digests_newest", "team", "kind", "due_at"),
)

digest_posts = Table(  # where a digest goes, each place once
    "digest_posts",
    metadata,
    Column("key", String(128), primary_key=True),
    Column("digest_id", String(32), ForeignKey("digests.id"), nullable=False, index=True),
    Column("place", JSON, nullable=False),
    Column("staff_id", String(64)),  # whose own conversation it is
    Column("view", String(16), nullable=False),  # card | person | why
    Column("state", String(16), nullable=False),  # due sending posted dead withdrawn
    Column("conversation", String(255)),
    Column("message", String(255)),
    Column("at", UtcTime, nullable=False),
)

digest_marks = Table(  # what people did about the lines of digests
    "digest_marks",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("team", String(64), nullable=False),
    Column("line", String(64), nullable=False),  # what changed, by its key; "" where the mark is for all of its kind
    Column("kind", String(32), nullable=False),  # of the line
    Column("staff_id", String(64), nullable=False),
    Column("mark", String(16), nullable=False),  # opened task told snoozed useless retired restored kept
    Column("until", UtcTime),
    Column("reason", LargeBinary),  # sealed
    Column("at", UtcTime, nullable=False),
    Index("ix_digest_marks_team", "team", "at"),
)

referrals = Table(  # where each referral stood when the EHR was last asked; the EHR is the truth
    "referrals",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("referral_id", String(128), nullable=False, unique=True),  # of the order in the EHR
    Column("client_id", String(128), nullable=False, index=True),
    Column("team", String(64), nullable=False),
    Column("step", String(16)),  # None: the EHR does not say
    Column("since", String(10)),
    Column("owes", String(16), nullable=False),  # us receiver nobody not_known
    Column("due", String(10)),
    Column("closure", String(32)),
    Column("got_help", Boolean),
    Column("part2", Boolean, nullable=False),
    Column("owner", String(64)),  # staff id of who looks after it
    Column("prompted", Integer, nullable=False),  # the longest wait, in business days, that the owner was told of
    Column("next_prompt", String(10)),
    Column("updated_at", UtcTime, nullable=False),  # when the EHR was read
)

referral_asks = Table(  # what a draft about a referral is to say and mark
    "referral_asks",
    metadata,
    Column("request_id", String(32), primary_key=True),
    Column("lines", LargeBinary, nullable=False),  # sealed
    Column("at", UtcTime, nullable=False),
)

slack_installations = Table(  # a workspace, or a whole organisation, that Baton was installed into
    "slack_installations",
    metadata,
    Column("key", String(96), primary_key=True),  # tenant and team
    Column("tenant", String(32), nullable=False),  # enterprise id, else workspace id
    Column("team", String(32)),  # None: the whole organisation
    Column("app_id", String(32), nullable=False),
    Column("bot_user", String(32), nullable=False),
    Column("scopes", String(2000), nullable=False),
    Column("installed_by", String(32), nullable=False),
    Column("installed_at", UtcTime, nullable=False),
    Column("bot_token", LargeBinary, nullable=False),  # sealed
    Column("refresh_token", LargeBinary),  # sealed; None: the token does not expire
    Column("expires_at", UtcTime),
    Column("turn", String(32)),  # of whoever renews the token now
    Column("turn_until", UtcTime),
)

slack_states = Table(  # installs that were begun; each state is used once
    "slack_states",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("until", UtcTime, nullable=False),
)

ehr_events = Table(  # what the EHR told by itself: which records, never what is in them
    "ehr_events",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("key", String(160), nullable=False, unique=True),  # subscription and number
    Column("subscription", String(64), nullable=False),
    Column("refs", JSON, nullable=False),
    Column("at", UtcTime, nullable=False, index=True),
)

ehr_subscriptions = Table(
    "ehr_subscriptions",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("told", BigInteger),  # the highest number heard of
    Column("counted", Integer, nullable=False),  # how often the EHR began to count anew
    Column("gaps", Integer, nullable=False),
    Column("last_at", UtcTime, nullable=False),
)

rollout_changes = Table(  # phases changed at run time: proposed by one person, confirmed by another; the newest holds
    "rollout_changes",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("team", String(64), nullable=False),
    Column("skill", String(64), nullable=False),
    Column("phase", String(16), nullable=False),  # off sandbox shadow live
    Column("proposed_by", String(64), nullable=False),
    Column("proposed_at", UtcTime, nullable=False),
    Column("confirmed_by", String(64)),  # None: nobody has, and nothing changed
    Column("confirmed_at", UtcTime),
)

people_changes = Table(  # what is known of people besides the clinic file; only ever added to
    "people_changes",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("kind", String(16), nullable=False),  # linked deactivated
    Column("staff_id", String(64), nullable=False),
    Column("platform", String(16)),  # of the identity that was linked
    Column("tenant", String(128)),
    Column("chat_user", String(128)),
    Column("by", String(64), nullable=False),  # staff id, or whose directory says so
    Column("at", UtcTime, nullable=False),
)

link_codes = Table(  # one-time codes by which a chat identity is linked to a staff member
    "link_codes",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("hash", String(64), nullable=False),
    Column("platform", String(16), nullable=False),
    Column("tenant", String(128), nullable=False),
    Column("chat_user", String(128), nullable=False),
    Column("until", UtcTime, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("used", Boolean, nullable=False),
)
