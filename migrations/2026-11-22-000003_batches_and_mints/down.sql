DROP TRIGGER certificates_announce ON certificates;
DROP TRIGGER products_announce ON products;
DROP TRIGGER producers_announce ON producers;
DROP TABLE scratch_exports, mint_orders, mint_runs, batches;
DROP FUNCTION announce_register();
DROP FUNCTION announce_batch();
DROP FUNCTION mint_runs_inside_batch();
DROP FUNCTION batches_keep_serials();
