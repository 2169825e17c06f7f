DROP TABLE certificates, products, producers, star_bands, product_sets, commune_changes, communes, deployment;
DROP FUNCTION refuse_change();
-- btree_gist stays: it may have been here before, and others may use it.
