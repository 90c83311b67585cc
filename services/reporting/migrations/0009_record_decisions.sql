-- What people decide about compliance: annual confirmations, corrective actions, and the steps of oversight. What is published
-- of them has no word that anybody wrote; the reasons stay here. A decision is never changed: another version is another row.
create table decision (
    org_id      text        not null,
    kind        text        not null check (kind in ('confirmation', 'action', 'step')),
    decision_id text        not null,
    version     int         not null,
    fields      jsonb       not null,
    decided_by  text        not null,
    decided_at  timestamptz not null,
    position    bigint,
    primary key (kind, org_id, decision_id, version)
);

-- Organisations whose verdicts are to be told anew, once what is known reaches the moment of the decision.
create table verdict_asked (
    org_id      text        not null,
    recorded_at timestamptz not null
);
