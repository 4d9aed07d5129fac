-- What an engine's request looks like, and where its predictions lie: until now, all had OpenScale's form.
UPDATE binding SET properties = properties || '{"request": "fields", "answers": null}'
WHERE service_type = 'custom_machine_learning';
