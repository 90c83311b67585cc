-- Decisions are few among the verdicts of the log, and found by their organisation.
create index recorded_decision on recorded_event (org_id, position)
    where type in ('guichet.reporting.ConfirmationSigned.v1', 'guichet.reporting.CorrectiveActionChanged.v1',
                   'guichet.reporting.OversightStepTaken.v1');

-- A decision is found in the log by what it caused; nothing ever filled this.
alter table decision drop column position;
