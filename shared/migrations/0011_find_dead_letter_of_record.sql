-- Whether a record that is read from the beginning of its topic has left a letter before.
create index dead_letter_of_record on dead_letter (topic, partition, record_offset) where topic is not null;
