-- How long a key was made to last (null: for ever). Its expiry moves when another takes over from it; this does not, so that
-- its successors last as long as it was to.
alter table api_key add column lasts interval;
update api_key set lasts = expires_at - created_at;
