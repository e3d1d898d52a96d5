"""STEP 2, the worker: takes due deliveries from the outbox, calls CustomerGauge, judges the reply, settles the row."""
