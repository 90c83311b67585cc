-- What an event led to and what came later about the same thing are looked for in the whole log: 2 kB of index for each
-- 512 kB of log say where to look, and cost next to nothing to keep.
create function text_after(value text, name text) returns text
    language sql immutable parallel safe return split_part(split_part(value, name, 2), '"', 1);

create index logged_event_by_cause_and_subject on logged_event using brin (
    hashtext(text_after(value, '"causedby":"')) int4_bloom_ops,
    hashtext(text_after(value, '"subject":"')) int4_bloom_ops
) with (pages_per_range = 64, autosummarize = on);
