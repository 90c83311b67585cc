-- A withdrawal holds whatever is read after it: a word of before it comes late where the log lost it and Kafka still had it, or
-- where it had been set aside. `position` is the inventory's, of the last withdrawal; `standard_id` is empty for a service.
-- Those read before this migration are here once views have been made anew.
create table views_1.withdrawal (
    service_id  text   not null,
    standard_id text   not null default '',
    valid_from  date   not null,
    position    bigint not null,
    primary key (service_id, standard_id, valid_from)
);
